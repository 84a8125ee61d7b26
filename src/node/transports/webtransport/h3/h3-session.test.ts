import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../../shared/clock.ts'
import type { WebTransportSession } from '../../../../shared/mesh/webtransport/session.ts'
import { acceptSession } from './accept-session.ts'
import { joined } from './byte-reader.ts'
import { connectRequest } from './connect-request.ts'
import { connectSession } from './connect-session.ts'
import { FRAME, frame, STREAM } from './frame.ts'
import { H3 } from './h3-error.ts'
import { memoryQuic } from './memory-quic.fixture.ts'
import { encodeFields } from './qpack.ts'
import { ownSettings } from './settings.ts'
import { encodeVarint } from './varint.ts'

const signal = AbortSignal.timeout(60_000)
const clock = systemClock
const settings = frame(FRAME.SETTINGS, ownSettings())
const control = joined([encodeVarint(STREAM.CONTROL), settings])
const connect = frame(FRAME.HEADERS, encodeFields(connectRequest('127.0.0.1:1')))
const streamHeader = (sessionId: number) => joined([encodeVarint(0x41), encodeVarint(sessionId)])
const capsule = (type: number, value: Uint8Array) =>
  frame(FRAME.DATA, joined([encodeVarint(type), encodeVarint(value.byteLength), value]))
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (given: Uint8Array | undefined) => given && new TextDecoder().decode(given)

async function readText(stream: { read(): Promise<Uint8Array | undefined> } | undefined): Promise<string> {
  let all = ''
  for (;;) {
    const next = await stream?.read()
    if (next === undefined) return all
    all += text(next)
  }
}

async function sessions(pieces?: number) {
  const quic = memoryQuic(pieces)
  const [client, server] = await Promise.all([
    connectSession(quic.client, { authority: '127.0.0.1:1', clock, signal }),
    acceptSession(quic.server, { clock, signal }),
  ])
  return { quic, client, server }
}

/** A server, and a client that a test drives by hand; `session` never rejects unhandled. */
function byHand() {
  const quic = memoryQuic()
  const session: Promise<WebTransportSession | Error> = acceptSession(quic.server, { clock, signal }).catch(
    (error: Error) => error,
  )
  return { quic, session }
}

async function accepted() {
  const { quic, session } = byHand()
  const [controlStream, connectStream] = [await quic.client.openUnidirectional(), await quic.client.open()]
  controlStream.write(control)
  connectStream.write(connect)
  const taken = await session
  if (taken instanceof Error) throw taken
  return { quic, session: taken, controlStream, connectStream }
}

describe('a session', () => {
  it('carries streams of both sides, whatever the pieces they come in', async () => {
    for (const pieces of [1, 2, 7, 65_536]) {
      const { client, server } = await sessions(pieces)
      const [near, back] = [await client.open(signal), await server.open(signal)]
      near.write(bytes('question'))
      back.write(bytes('and one'))
      await Promise.all([near.end(), back.end()])
      expect(await readText(await server.accept())).toBe('question')
      expect(await readText(await client.accept())).toBe('and one')
    }
  })

  it('has the streams that came before its request was answered, up to 64, and none of another session', async () => {
    const { quic, session } = byHand()
    const connectStream = await quic.client.open()
    const early = await Promise.all(Array.from({ length: 65 }, () => quic.client.open()))
    early.forEach((stream, index) => {
      stream.write(joined([streamHeader(index === 0 ? 4 : 0), bytes(String(index))]))
    })
    const last = early.at(-1)
    await until(() => last?.resetBy() !== undefined)
    expect(last?.resetBy()).toBe(H3.BUFFERED_STREAM_REJECTED)
    ;(await quic.client.openUnidirectional()).write(control)
    connectStream.write(connect)
    const taken = await session
    if (taken instanceof Error) throw taken
    expect(text(await (await taken.accept())?.read())).toBe('1')
    expect(early[0]?.resetBy()).toBe(H3.BUFFERED_STREAM_REJECTED)
  })

  it('ends on both sides as soon as one ends it', async () => {
    for (const who of ['client', 'server'] as const) {
      const { quic, ...both } = await sessions()
      const other = who === 'client' ? both.server : both.client
      both[who].close(10)
      await Promise.all([both.client.closed, both.server.closed])
      expect(await other.accept()).toBeUndefined()
      expect((await quic.server.closed).code).toBe(H3.NO_ERROR)
    }
  })

  it('ends with its connection, and when its peer gives up the stream of the request', async () => {
    const lost = await sessions()
    lost.quic.client.close(1, 'gone')
    await Promise.all([lost.server.closed, lost.client.closed])
    const { connectStream, session } = await accepted()
    connectStream.reset(H3.REQUEST_CANCELLED)
    await session.closed
  })

  it('ends by a capsule, and not by capsules and frames that it does not know', async () => {
    const { connectStream, session } = await accepted()
    connectStream.write(
      joined([frame(0x21, bytes('grease')), capsule(0x78ae, bytes('')), capsule(0x99, bytes('what'))]),
    )
    connectStream.write(capsule(0x2843, joined([Uint8Array.of(0, 0, 0, 7), bytes('bye')])))
    await session.closed
  })

  it('takes no second request on its connection', async () => {
    const { quic, session } = await accepted()
    const second = await quic.client.open()
    second.write(connect)
    await until(() => second.resetBy() !== undefined)
    expect(second.resetBy()).toBe(H3.REQUEST_REJECTED)
    second.write(bytes(''))
    expect((await session.open(signal)).write(bytes('x'))).toBe(true)
  })

  it('is refused to a client that wants something else, which hears the status', async () => {
    const { client, server } = memoryQuic()
    const refusal = acceptSession(server, { clock, signal }).catch((error: Error) => error)
    ;(await client.openUnidirectional()).write(control)
    const request = await client.open()
    request.write(
      frame(
        FRAME.HEADERS,
        encodeFields([
          [':method', 'GET'],
          [':scheme', 'https'],
          [':path', '/'],
        ]),
      ),
    )
    await request.end()
    expect(await refusal).toMatchObject({ code: 'unavailable', message: expect.stringContaining('405') })
    expect((await request.read())?.byteLength).toBeGreaterThan(0)
    expect(await client.closed).toMatchObject({ code: H3.NO_ERROR })
  })

  it('is not asked of a server that takes none, nor made of an answer that is a refusal', async () => {
    const dumb = memoryQuic()
    const asked = connectSession(dumb.client, { authority: 'a:1', clock, signal }).catch(
      (error: Error) => error,
    )
    ;(await dumb.server.openUnidirectional()).write(
      joined([encodeVarint(0), frame(FRAME.SETTINGS, new Uint8Array())]),
    )
    expect(await asked).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('no WebTransport'),
    })
    const rude = memoryQuic()
    const refused = connectSession(rude.client, { authority: 'a:1', clock, signal }).catch(
      (error: Error) => error,
    )
    ;(await rude.server.openUnidirectional()).write(control)
    ;(await rude.server.accept())?.write(
      joined([
        frame(FRAME.HEADERS, encodeFields([[':status', '103']])),
        frame(FRAME.HEADERS, encodeFields([[':status', '404']])),
      ]),
    )
    expect(await refused).toMatchObject({ code: 'unavailable', message: expect.stringContaining('404') })
  })

  it('is given up when its caller does so', async () => {
    const { client } = memoryQuic()
    const gone = new AbortController()
    const asked = connectSession(client, { authority: 'a:1', clock, signal: gone.signal })
    gone.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
    expect(await client.closed).toMatchObject({ code: H3.REQUEST_CANCELLED })
  })
})

describe('a peer that does not speak HTTP/3', () => {
  const onControl: [string, number, Uint8Array][] = [
    ['no SETTINGS first', H3.MISSING_SETTINGS, frame(FRAME.GOAWAY, Uint8Array.of(0))],
    ['SETTINGS twice', H3.FRAME_UNEXPECTED, joined([settings, settings])],
    ['a setting of HTTP/2', H3.SETTINGS_ERROR, frame(FRAME.SETTINGS, Uint8Array.of(4, 1))],
    ['a setting twice', H3.SETTINGS_ERROR, frame(FRAME.SETTINGS, Uint8Array.of(6, 1, 6, 1))],
    ['half a setting', H3.FRAME_ERROR, frame(FRAME.SETTINGS, Uint8Array.of(6))],
    ['SETTINGS too large', H3.EXCESSIVE_LOAD, frame(FRAME.SETTINGS, new Uint8Array(5_000))],
    ['DATA on the control stream', H3.FRAME_UNEXPECTED, joined([settings, frame(FRAME.DATA, bytes('x'))])],
    ['a frame of HTTP/2', H3.FRAME_UNEXPECTED, joined([settings, frame(0x06, bytes('x'))])],
  ]
  it.each(onControl)('hears of %s', async (_, code, sent) => {
    const { quic } = byHand()
    ;(await quic.client.openUnidirectional()).write(joined([encodeVarint(STREAM.CONTROL), sent]))
    expect((await quic.client.closed).code).toBe(code)
  })

  const unidirectional: [string, number, Uint8Array[]][] = [
    ['a second control stream', H3.STREAM_CREATION_ERROR, [control, control]],
    ['a pushed stream', H3.STREAM_CREATION_ERROR, [encodeVarint(STREAM.PUSH)]],
    [
      'a dynamic table',
      H3.QPACK_ENCODER_STREAM_ERROR,
      [joined([encodeVarint(STREAM.QPACK_ENCODER), Uint8Array.of(0x3f, 1)])],
    ],
  ]
  it.each(unidirectional)('hears of %s', async (_, code, streams) => {
    const { quic } = byHand()
    for (const sent of streams) (await quic.client.openUnidirectional()).write(sent)
    expect((await quic.client.closed).code).toBe(code)
  })

  const requests: [string, number, Uint8Array][] = [
    ['DATA before HEADERS', H3.FRAME_UNEXPECTED, frame(FRAME.DATA, bytes('x'))],
    ['HEADERS too large', H3.EXCESSIVE_LOAD, frame(FRAME.HEADERS, new Uint8Array(20_000))],
    ['HEADERS that are none', H3.QPACK_DECOMPRESSION_FAILED, frame(FRAME.HEADERS, bytes('zzzz'))],
    ['a stream of no session', H3.ID_ERROR, streamHeader(3)],
    ['a close that is too long', H3.MESSAGE_ERROR, joined([connect, capsule(0x2843, new Uint8Array(2_000))])],
    ['HEADERS in a session', H3.FRAME_UNEXPECTED, joined([connect, connect])],
  ]
  it.each(requests)('hears of %s', async (_, code, sent) => {
    const { quic } = byHand()
    ;(await quic.client.openUnidirectional()).write(control)
    ;(await quic.client.open()).write(sent)
    expect((await quic.client.closed).code).toBe(code)
  })

  it('hears that its control stream must not end', async () => {
    for (const how of ['end', 'reset'] as const) {
      const { quic, controlStream } = await accepted()
      void controlStream[how]()
      expect((await quic.client.closed).code).toBe(H3.CLOSED_CRITICAL_STREAM)
    }
  })

  it('gets no more than a closed connection, whatever it sends', async () => {
    const codes: number[] = Object.values(H3)
    const garbage = fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 4 })
    const beginning = fc.constantFrom(
      new Uint8Array(),
      control,
      connect,
      settings,
      encodeVarint(STREAM.QPACK_ENCODER),
      streamHeader(0),
    )
    const stream = fc.record({ beginning, garbage, isUnidirectional: fc.boolean(), ends: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(stream, { minLength: 1, maxLength: 5 }), async streams => {
        const { quic, session } = byHand()
        for (const { beginning: first, garbage: rest, isUnidirectional, ends } of streams) {
          const out = isUnidirectional ? await quic.client.openUnidirectional() : await quic.client.open()
          for (const part of [first, ...rest]) out.write(part)
          if (ends) await out.end()
        }
        await new Promise(resolve => setImmediate(resolve))
        quic.client.close(H3.NO_ERROR, 'done')
        expect(codes).toContain((await quic.server.closed).code)
        const made = await session
        if (!(made instanceof Error)) await made.closed
      }),
      { numRuns: 500 },
    )
  })
})

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setImmediate(resolve))
}
