import { once } from 'node:events'
import { Agent, get, type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { afterEach, describe, expect, it } from 'vitest'
import { ToolmeshError } from '../../shared/errors.ts'
import type { HttpApp } from './http-app.ts'
import { CLOSE_GRACE_MS, type HttpServer, type ServeOptions, serveHttp } from './serve-http.ts'

let servers: HttpServer[] = []
afterEach(async () => {
  await Promise.all(servers.map(server => server.close()))
  servers = []
})

async function start(app: HttpApp, options: Partial<ServeOptions> = {}): Promise<HttpServer> {
  const server = await serveHttp(app, { host: '127.0.0.1', port: 0, ...options })
  servers.push(server)
  return server
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('utf8')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

async function readToEnd(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', chunk => {
    text += chunk
  })
  await once(socket, 'close')
  return text
}

function answerTo(url: string, options = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, options, resolve).on('error', reject)
  })
}

/** A response whose body the test writes. */
function streamed(): {
  response: Response
  write(text: string): void
  fail(): void
  cancelled: Promise<void>
} {
  const cancelled = Promise.withResolvers<void>()
  let stream: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      stream = controller
    },
    cancel: () => cancelled.resolve(),
  })
  return {
    response: new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
    write: text => stream?.enqueue(new TextEncoder().encode(text)),
    fail: () => stream?.error(new Error('broken')),
    cancelled: cancelled.promise,
  }
}

describe('an event stream', () => {
  it('sends its headers before its first event, and each event as it comes', async () => {
    const { response, write } = streamed()
    const server = await start(async () => response)
    const answer = await answerTo(server.url)
    expect(answer.headers['content-type']).toBe('text/event-stream')
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      write(event)
      const [chunk] = await once(answer, 'data')
      expect(String(chunk)).toBe(event)
    }
  })

  it('arrives whole and in order, however its pieces and its end fall together', async () => {
    const pauses = [
      () => undefined,
      () => Promise.resolve(),
      () => new Promise(resolve => process.nextTick(resolve)),
      () => new Promise(setImmediate),
    ]
    for (const pause of pauses) {
      const pieces = ['one ', 'two ', 'three']
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        async pull(controller) {
          const piece = pieces.shift()
          await pause()
          if (piece === undefined) controller.close()
          else controller.enqueue(new TextEncoder().encode(piece))
        },
      })
      const server = await start(async () => new Response(body))
      const socket = await open(server.port)
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
      const [, chunks] = (await readToEnd(socket)).split('\r\n\r\n', 2)
      expect(chunks).toBe('4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0')
    }
  })

  it('is cancelled when the client goes', async () => {
    const { response, write, cancelled } = streamed()
    const server = await start(async () => response)
    const answer = await answerTo(server.url)
    write('data: 1\n\n')
    await once(answer, 'data')
    answer.destroy()
    await cancelled
  })

  it('is read no faster than the client reads', async () => {
    let pulled = 0
    const piece = new Uint8Array(256 * 1024)
    const server = await start(
      async () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              pulled += 1
              if (pulled === 400) controller.close()
              else controller.enqueue(piece)
            },
          }),
        ),
    )
    const answer = await answerTo(server.url)
    answer.pause()
    // Settled: what the sockets' buffers take has been taken.
    let before = -1
    await expect
      .poll(
        () => {
          const settled = pulled === before
          before = pulled
          return settled
        },
        { interval: 200, timeout: 10_000 },
      )
      .toBe(true)
    expect(pulled).toBeLessThan(200)
    let received = 0
    for await (const chunk of answer) received += chunk.length
    expect(received).toBe(399 * piece.length)
  })

  it('is cut off, not ended, when it breaks', async () => {
    const { response, write, fail } = streamed()
    const server = await start(async () => response)
    const answer = await answerTo(server.url)
    write('data: 1\n\n')
    await once(answer, 'data')
    fail()
    const [error] = await once(answer, 'error')
    expect(error.code).toBe('ECONNRESET')
  })
})

describe('the server', () => {
  it('says in one line which port is in use', async () => {
    const { port } = await start(async () => new Response())
    const error = await serveHttp(async () => new Response(), { host: '127.0.0.1', port }).catch(e => e)
    expect(error).toBeInstanceOf(ToolmeshError)
    expect(error.message).toContain(`127.0.0.1 port ${port}: the port is in use`)
    expect(error.message).not.toContain('\n')
    expect(error.details.field).toBe('http.port')
  })

  it('says which address this machine does not have', async () => {
    const error = await serveHttp(async () => new Response(), { host: '192.0.2.1', port: 0 }).catch(e => e)
    expect(error.details).toMatchObject({ field: 'http.host', value: '192.0.2.1' })
  })

  it('answers 400 to what is no web request, and goes on', async () => {
    const server = await start(async () => new Response('fine'))
    for (const head of [
      'GET / HTTP/1.1\r\nHost: a b',
      'TRACE / HTTP/1.1\r\nHost: x',
      'GET / HTTP/1.1\r\nHost: u@x',
      'nonsense',
    ]) {
      const socket = await open(server.port)
      socket.write(`${head}\r\nConnection: close\r\n\r\n`)
      expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 400 /)
    }
    expect((await answerTo(server.url)).statusCode).toBe(200)
  })

  it('answers 500 when the app fails, and logs it', async () => {
    const lines: string[] = []
    const app = () => Promise.reject(new Error('broken'))
    const server = await start(app, {
      logger: (level, message, fields) => lines.push(`${level} ${message} ${fields?.error}`),
    })
    expect((await answerTo(server.url)).statusCode).toBe(500)
    expect(lines).toEqual(['warning an answer failed Error: broken'])
  })

  it('never takes a target that is no path for a path', async () => {
    const server = await start(async incoming => new Response(new URL(incoming.url).pathname))
    const socket = await open(server.port)
    socket.write('GET http://x/mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    expect(await readToEnd(socket)).toMatch(/\/\*\s*0?\s*$/)
  })

  it('ends a connection whose headers do not come', async () => {
    const server = await start(async () => new Response(), { limits: { headersTimeoutMs: 100 } })
    const socket = await open(server.port)
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 408 /)
  })

  it('closes connections beyond its limit', async () => {
    const server = await start(async () => new Response(), { limits: { connections: 1 } })
    const first = await open(server.port)
    const second = connect(server.port, '127.0.0.1')
    second.on('error', () => {})
    second.resume()
    await once(second, 'close')
    first.destroy()
  })

  it('lets the SDK answer a body that is not JSON with a parse error', async () => {
    const transport = new WebStandardStreamableHTTPServerTransport({})
    const server = await start(incoming => transport.handleRequest(incoming))
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const answer = await fetch(`${server.url}/mcp`, { method: 'POST', headers, body: '{"jsonrpc":' })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ jsonrpc: '2.0', error: { code: -32700 }, id: null })
  })

  it('serves the next request of a connection after one whose body nobody read', async () => {
    const server = await start(async () => new Response('x'))
    const socket = await open(server.port)
    const unread = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc'
    socket.write(`${unread}${unread}GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    expect((await readToEnd(socket)).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3)
  })

  it('ends a connection that goes on sending what was not wanted', async () => {
    const server = await start(async () => new Response('too large', { status: 413 }))
    const socket = await open(server.port)
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc')
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 413 [\s\S]*too large/)
  })

  it('still delivers its answer to a client that sends a large body it did not want', async () => {
    const server = await start(async () => new Response('too large', { status: 413 }))
    const outgoing = request(server.url, { method: 'POST' })
    const answer = once(outgoing, 'response')
    // The rest of the body is cut off behind the answer, which Deno's client tells as an error.
    answer.then(() => outgoing.on('error', () => {}))
    outgoing.end(new Uint8Array(8 * 1024 * 1024))
    const [{ statusCode }] = await answer
    expect(statusCode).toBe(413)
  })
})

describe('closing', () => {
  it('ends event streams and idle connections at once', async () => {
    const { response, cancelled } = streamed()
    const server = await start(async incoming =>
      incoming.url.endsWith('/events') ? response : new Response('x'),
    )
    const agent = new Agent({ keepAlive: true })
    const idle = await answerTo(server.url, { agent })
    idle.resume()
    await once(idle, 'end')
    const stream = await answerTo(`${server.url}/events`)
    stream.resume()
    const ended = once(stream, 'end')
    const startedAt = performance.now()
    await server.close()
    expect(performance.now() - startedAt).toBeLessThan(CLOSE_GRACE_MS)
    await Promise.all([ended, cancelled])
    agent.destroy()
  })

  it('lets an answer under way be finished', async () => {
    const gate = Promise.withResolvers<Response>()
    const arrived = Promise.withResolvers<void>()
    const server = await start(() => {
      arrived.resolve()
      return gate.promise
    })
    const answering = answerTo(server.url)
    await arrived.promise
    const closing = server.close()
    gate.resolve(new Response('done'))
    const answer = await answering
    expect(String((await once(answer, 'data'))[0])).toBe('done')
    await closing
  })

  it('cuts off what does not end in time, upgraded sockets among it', async () => {
    const server = await start(() => new Promise<Response>(() => {}), {
      onUpgrade: (_request, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
    })
    const stuck = await open(server.port)
    stuck.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const upgraded = await open(server.port)
    upgraded.write(
      'GET /p2p HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    await once(upgraded, 'data')
    const ended = [once(stuck.resume(), 'close'), once(upgraded.resume(), 'close')]
    await server.close()
    await Promise.all(ended)
  })
})

describe('an upgrade', () => {
  const upgrade = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`

  it('is handed over at /p2p, with its query, and refused elsewhere', async () => {
    const server = await start(async () => new Response(), {
      onUpgrade: (incoming, socket) => socket.end(`taken ${incoming.url}`),
    })
    const taken = await open(server.port)
    taken.write(upgrade('/p2p?x=1'))
    expect(await readToEnd(taken)).toBe('taken /p2p?x=1')
    const refused = await open(server.port)
    refused.write(upgrade('/mcp'))
    expect(await readToEnd(refused)).toMatch(/^HTTP\/1\.1 404 /)
  })
})
