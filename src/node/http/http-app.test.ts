import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Authority } from '../../shared/authority/authority.ts'
import { MemoryAuthorityStore } from '../../shared/authority/memory-authority-store.ts'
import { ManualClock } from '../../shared/clock.ts'
import { silentLogger } from '../../shared/logger.ts'
import { createHttpApp, type HttpAppParts } from './http-app.ts'
import { type HttpServer, serveHttp } from './serve-http.ts'
import { staticFiles } from './static-files.ts'

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** One request as written: paths are not normalised, and any Host can be sent. */
function send(
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host: '127.0.0.1', port, path, method, headers, agent: false },
      incoming => {
        let text = ''
        incoming.setEncoding('utf8')
        incoming.on('data', (chunk: string) => {
          text += chunk
        })
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }),
        )
        incoming.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Writes the bytes as they are and returns everything that comes back until the server closes. */
function sendRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
}

const clock = new ManualClock()
const PEER_ID = '12D3KooWExamp1eExamp1eExamp1eExamp1eExamp1eExamp1eEx'
let authority: Authority
let servers: HttpServer[] = []
let root: string

beforeEach(async () => {
  authority = new Authority({
    store: new MemoryAuthorityStore(),
    clock,
    random: bytes => crypto.getRandomValues(bytes),
    ownPeerId: PEER_ID,
  })
  const folder = await mkdtemp(join(tmpdir(), 'toolmesh-http-'))
  root = join(folder, 'web')
  await mkdir(join(root, 'assets'), { recursive: true })
  await writeFile(join(root, 'index.html'), '<!doctype html>dashboard')
  await writeFile(join(root, 'join.html'), '<!doctype html>join')
  await writeFile(join(root, 'assets', 'main-B1gHash8.js'), 'export {}')
  await writeFile(join(root, '.hidden.txt'), 'hidden')
  await writeFile(join(folder, 'outside.txt'), 'outside')
  await symlink(join(folder, 'outside.txt'), join(root, 'link.txt'))
})

afterEach(async () => {
  await Promise.all(servers.map(server => server.close()))
  servers = []
})

async function start(parts: Partial<HttpAppParts> = {}): Promise<number> {
  const app = createHttpApp({
    mcp: async (request, principal) =>
      Response.json({ method: request.method, body: await request.text(), principal: principal.id }),
    authority,
    mode: 'local',
    listenHost: '127.0.0.1',
    hosts: [],
    origins: [],
    info: () => ({ peerId: PEER_ID, multiaddrs: [], name: 'test', version: '0.0.0', namespace: 'toolmesh' }),
    notReady: () => [],
    files: staticFiles(root),
    logger: silentLogger,
    ...parts,
  })
  const server = await serveHttp(app, { host: '127.0.0.1', port: 0 })
  servers.push(server)
  return server.port
}

async function bearer(): Promise<{ headers: { authorization: string }; inviteId: string }> {
  const invite = await authority.createInvite({
    roles: ['submit'],
    ttl_ms: 60_000,
    uses: 5,
    grant_ttl_ms: 60_000,
  })
  const { token } = await authority.redeemToken(invite.secret, 'test')
  return { headers: { authorization: `Bearer ${token}` }, inviteId: invite.id }
}

describe('routes', () => {
  it('hands /mcp to its handler with the caller', async () => {
    const port = await start()
    const answer = await send(port, '/mcp', { method: 'POST', body: '{"x":1}' })
    expect(JSON.parse(answer.text)).toEqual({ method: 'POST', body: '{"x":1}', principal: 'local' })
  })

  it('tells health, readiness with reasons, and who the node is', async () => {
    const reasons = ['store: opening']
    const port = await start({ notReady: () => reasons })
    expect((await send(port, '/healthz')).status).toBe(200)
    const unready = await send(port, '/readyz')
    expect([unready.status, JSON.parse(unready.text)]).toEqual([503, { status: 'not_ready', reasons }])
    reasons.length = 0
    expect((await send(port, '/readyz')).status).toBe(200)
    expect(JSON.parse((await send(port, '/.well-known/toolmesh.json')).text).peerId).toBe(PEER_ID)
  })

  it('answers unknown paths and wrong methods with the facts as JSON', async () => {
    const port = await start()
    const missing = await send(port, '/nope')
    expect([missing.status, JSON.parse(missing.text).code]).toEqual([404, 'not_found'])
    const wrong = await send(port, '/mcp', { method: 'PUT', body: '' })
    expect([wrong.status, wrong.headers.allow]).toEqual([405, 'POST, GET, DELETE'])
    expect((await send(port, '/', { method: 'POST' })).status).toBe(405)
    expect((await send(port, '/auth/redeem')).status).toBe(405)
  })
})

describe('static files', () => {
  it('serves the pages with the page security headers', async () => {
    const port = await start()
    for (const [path, text] of [
      ['/', 'dashboard'],
      ['/join', 'join'],
    ] as const) {
      const page = await send(port, path)
      expect(page.text).toContain(text)
      expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(page.headers['x-content-type-options']).toBe('nosniff')
      expect(page.headers['referrer-policy']).toBe('no-referrer')
      expect(page.headers['cross-origin-opener-policy']).toBe('same-origin')
    }
  })

  it('lets hashed assets be kept for good, and others be checked by their tag', async () => {
    const port = await start()
    expect((await send(port, '/assets/main-B1gHash8.js')).headers['cache-control']).toContain('immutable')
    const page = await send(port, '/')
    expect(page.headers['cache-control']).toBe('no-cache')
    const again = await send(port, '/', { headers: { 'if-none-match': page.headers.etag ?? '' } })
    expect([again.status, again.text]).toEqual([304, ''])
    const head = await send(port, '/', { method: 'HEAD' })
    expect([head.status, head.text, head.headers['content-length']]).toEqual([
      200,
      '',
      String(page.text.length),
    ])
  })

  it.each([
    '/../outside.txt',
    '/..%2foutside.txt',
    '/%2e%2e/outside.txt',
    '/%2e%2e%2foutside.txt',
    '/%252e%252e%252foutside.txt',
    '/..%5coutside.txt',
    '/assets/../../outside.txt',
    '/assets/..%2f..%2foutside.txt',
    '//outside.txt',
    '/link.txt',
    '/.hidden.txt',
    '/assets',
    '/index.html%00.txt',
  ])('never serves what is outside the root: %s', async path => {
    const port = await start()
    const answer = await send(port, path)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.text).not.toContain('outside\n')
    expect(answer.text).not.toBe('outside')
  })
})

describe('local mode', () => {
  it.each(['localhost', '127.0.0.1:9999', '[::1]:8420', 'LOCALHOST:1'])('serves Host %s', async host => {
    const port = await start()
    expect((await send(port, '/mcp', { method: 'POST', headers: { host } })).status).toBe(200)
  })

  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:80', '10.0.0.1'])(
    'refuses Host %s everywhere but at the probes (DNS rebinding)',
    async host => {
      const port = await start()
      for (const path of ['/mcp', '/', '/.well-known/toolmesh.json']) {
        const answer = await send(port, path, { headers: { host } })
        expect([answer.status, JSON.parse(answer.text).code]).toEqual([403, 'forbidden'])
        expect(answer.text).toContain('Host')
      }
      expect((await send(port, '/healthz', { headers: { host } })).status).toBe(200)
    },
  )

  it('refuses a foreign Origin and takes its own', async () => {
    const port = await start()
    for (const origin of [
      'https://evil.example',
      'null',
      `https://127.0.0.1:${port}`,
      'http://127.0.0.1:1',
    ]) {
      const answer = await send(port, '/mcp', { method: 'POST', headers: { origin } })
      expect([origin, answer.status]).toEqual([origin, 403])
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    }
    const own = await send(port, '/mcp', { method: 'POST', headers: { origin: `http://127.0.0.1:${port}` } })
    expect(own.status).toBe(200)
  })

  it.each(['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'X-Forwarded-Anything'])(
    'refuses a request with %s',
    async name => {
      const port = await start()
      const answer = await send(port, '/mcp', { method: 'POST', headers: { [name]: 'for=127.0.0.1' } })
      expect(answer.status).toBe(403)
      expect(answer.text).toContain(name.toLowerCase())
    },
  )

  it('refuses everyone when the server listens on more than loopback', async () => {
    const port = await start({ listenHost: '0.0.0.0' })
    const answer = await send(port, '/mcp', { method: 'POST' })
    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('0.0.0.0')])
  })
})

describe('token mode', () => {
  it('takes a bearer token and refuses its absence, a wrong one, and one of a wrong form', async () => {
    const port = await start({ mode: 'token' })
    const { headers } = await bearer()
    const answer = await send(port, '/mcp', { method: 'POST', headers })
    expect([answer.status, JSON.parse(answer.text).principal]).toEqual([
      200,
      expect.stringMatching(/^token:/),
    ])
    for (const authorization of [undefined, 'Bearer nonsense', 'Basic eDp5', 'Bearer']) {
      const refused = await send(port, '/mcp', {
        method: 'POST',
        headers: authorization ? { authorization } : {},
      })
      expect(refused.status).toBe(401)
      expect(refused.headers['www-authenticate']).toMatch(/^Bearer/)
    }
  })

  it('refuses an expired and a revoked token', async () => {
    const port = await start({ mode: 'token' })
    const revoked = await bearer()
    await authority.revokeInvite(revoked.inviteId)
    expect((await send(port, '/mcp', { method: 'POST', headers: revoked.headers })).status).toBe(401)
    const expired = await bearer()
    await clock.advance(60_000)
    expect((await send(port, '/mcp', { method: 'POST', headers: expired.headers })).status).toBe(401)
  })

  it('serves pages, probes and the node file without a credential, and nothing by a foreign name', async () => {
    const port = await start({ mode: 'token', hosts: ['Mesh.Example'] })
    for (const path of ['/', '/join', '/healthz', '/readyz', '/.well-known/toolmesh.json']) {
      expect((await send(port, path)).status).toBe(200)
    }
    const { headers } = await bearer()
    const named = { ...headers, host: 'mesh.example:443' }
    expect((await send(port, '/mcp', { method: 'POST', headers: named })).status).toBe(200)
    const rebound = { ...headers, host: 'evil.example' }
    expect((await send(port, '/mcp', { method: 'POST', headers: rebound })).status).toBe(403)
  })

  it('serves a page that an allowed proxy with TLS brought, by the name and origin of the proxy', async () => {
    const port = await start({ mode: 'token', origins: ['https://mesh.example/'] })
    const { headers } = await bearer()
    const proxied = {
      ...headers,
      host: 'mesh.example',
      origin: 'https://mesh.example',
      'x-forwarded-proto': 'https',
    }
    expect((await send(port, '/mcp', { method: 'POST', headers: proxied })).status).toBe(200)
  })

  it('gives a token for an invite, and limits refused tries by address', async () => {
    const port = await start({ mode: 'token' })
    const { secret } = await authority.createInvite({ roles: ['read'], ttl_ms: 60_000, uses: 1 })
    const redeem = (body: string) => send(port, '/auth/redeem', { method: 'POST', body })
    const answer = await redeem(JSON.stringify({ secret }))
    const { token, roles, expires_at } = JSON.parse(answer.text)
    expect([answer.status, roles, Date.parse(expires_at) > clock.now()]).toEqual([200, ['read'], true])
    const headers = { authorization: `Bearer ${token}` }
    expect((await send(port, '/mcp', { method: 'POST', headers })).status).toBe(200)
    expect((await redeem('not json')).status).toBe(400)
    const statuses = []
    for (let i = 0; i < 11; i++) statuses.push((await redeem(JSON.stringify({ secret }))).status)
    expect(statuses).toEqual([...Array(10).fill(403), 429])
    expect((await redeem(JSON.stringify({ secret }))).headers['retry-after']).toBe('60')
  })

  it('answers a page of an allowed origin with CORS, preflight included', async () => {
    const port = await start({ mode: 'token', origins: ['https://ui.example'] })
    const { headers } = await bearer()
    const origin = 'https://ui.example'
    const preflight = await send(port, '/mcp', { method: 'OPTIONS', headers: { origin } })
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([204, origin])
    const answer = await send(port, '/mcp', { method: 'POST', headers: { ...headers, origin } })
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, origin])
    const other = await send(port, '/mcp', {
      method: 'OPTIONS',
      headers: { origin: 'https://other.example' },
    })
    expect([other.status, other.headers['access-control-allow-origin']]).toEqual([403, undefined])
  })
})

describe('body limits', () => {
  const limits = { mcpBodyBytes: 1000 }

  it('refuses a body by its Content-Length before it is read', async () => {
    const port = await start({ limits })
    const head = 'POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1001\r\n\r\n'
    expect(await sendRaw(port, head)).toMatch(/^HTTP\/1\.1 413 [\s\S]*frame_too_large/)
  })

  it('refuses a body of unknown length while it reads', async () => {
    const port = await start({ limits })
    const chunk = `${(600).toString(16)}\r\n${'x'.repeat(600)}\r\n`
    const head =
      'POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(await sendRaw(port, head + chunk + chunk)).toMatch(/^HTTP\/1\.1 413 [\s\S]*frame_too_large/)
    const fits = await sendRaw(port, `${head}${chunk}0\r\n\r\n`)
    expect(fits).toMatch(/^HTTP\/1\.1 200 [\s\S]*xxx/)
  })
})
