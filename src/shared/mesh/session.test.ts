import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.ts'
import { frameOf } from './frame.ts'
import { mcpSide, sessionAndRawPeer } from './session.fixture.ts'
import type { MeshSession } from './session.ts'

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'other', version: '1' } },
}

const sessions: MeshSession[] = []

async function pair(...args: Parameters<typeof sessionAndRawPeer>) {
  const made = await sessionAndRawPeer(...args)
  sessions.push(made.session)
  return made
}

afterEach(async () => {
  await Promise.all(sessions.splice(0).map(session => session.close()))
})

describe('a session whose peer says why it ends', () => {
  const goodbye = (code: string, message: string) => ({
    jsonrpc: '2.0',
    id: null,
    error: { code: -32001, message, data: { code, message } },
  })

  it.each([
    ['forbidden', 'no grant', { code: 'forbidden', message: 'no grant' }],
    ['__proto__', 'x', { code: 'unavailable', message: 'x' }],
    ['c'.repeat(50_000), 'x', { code: 'unavailable', message: 'x' }],
    ['forbidden', 'm'.repeat(50_000), { code: 'forbidden', message: 'the peer ended the session' }],
  ])('keeps no more of it than there is in our own words', async (code, message, end) => {
    const { session, raw } = await pair()
    raw.send(goodbye(code, message))
    expect(await session.closed).toEqual(end)
  })
})

describe('a session whose peer breaks the frames', () => {
  const header = (length: number) => {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, length)
    return bytes
  }

  it.each([
    ['announces more than 16 MiB', header(16 * 1024 * 1024 + 1), 'frame_too_large'],
    ['sends bad UTF-8', frameOf(new Uint8Array([0xff, 0xfe])), 'bad_frame'],
    ['sends bad JSON', frameOf(new TextEncoder().encode('{"jsonrpc":')), 'bad_frame'],
    ['sends JSON that is no JSON-RPC', frameOf(new TextEncoder().encode('[1]')), 'bad_frame'],
    ['sends a frame of no bytes', header(0), 'bad_frame'],
  ])('ends when the peer %s, and says why', async (_, bytes, code) => {
    const { session, raw } = await pair()
    raw.stream.send(bytes)
    expect(await session.closed).toMatchObject({ code })
    const goodbye = await raw.until(message => message.id === null)
    expect(goodbye).toMatchObject({ error: { code: -32003, data: { code } } })
  })

  it.each([
    ['header', header(9).subarray(0, 2)],
    ['body', frameOf(new Uint8Array(9)).subarray(0, 8)],
  ])('ends with bad_frame when the peer closes inside a %s', async (_, bytes) => {
    const { session, raw } = await pair()
    raw.stream.send(bytes)
    await raw.stream.close()
    expect(await session.closed).toMatchObject({ code: 'bad_frame' })
  })

  it('ends when the peer stalls inside a frame, and not while frames are complete', async () => {
    const clock = new ManualClock()
    const { session, raw } = await pair({ clock })
    await mcpReady(session, raw)
    await clock.advance(120_000)
    raw.stream.send(header(100))
    raw.stream.send(new Uint8Array(7))
    let ended = false
    void session.closed.then(() => {
      ended = true
    })
    // The bytes take a moment through the pair; the stall is counted from their arrival.
    while (!ended) await clock.advance(60_001)
    expect(await session.closed).toMatchObject({
      code: 'bad_frame',
      message: expect.stringContaining('stalled'),
    })
  })

  it('serves a peer that sends one byte at a time', async () => {
    const { session, raw } = await pair()
    const server = mcpSide(session, 'own', async () => ({}))
    server.catch(() => {})
    const frame = frameOf(new TextEncoder().encode(JSON.stringify(INITIALIZE)))
    for (let at = 0; at < frame.length; at += 1) raw.stream.send(frame.slice(at, at + 1))
    expect(await raw.until(message => message.id === 0)).toMatchObject({
      result: { serverInfo: { name: 'own' } },
    })
  })
})

describe('a session with a peer that is not ours', () => {
  it('routes by method, echoes its ids and sends large values inline without credit', async () => {
    const { session, raw } = await pair()
    const text = 'ö'.repeat(1_500_000)
    const side = mcpSide(session, 'own', async () => ({ text }))
    side.catch(() => {})
    raw.send(INITIALIZE)
    await raw.until(message => message.id === 0)
    raw.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
    const initialize = await raw.until(message => message.method === 'initialize')
    raw.send({
      jsonrpc: '2.0',
      id: initialize.id,
      result: {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'other', version: '1' },
      },
    })
    await side
    raw.send({ jsonrpc: '2.0', id: 'x:7', method: 'tools/call', params: { name: 'big' } })
    raw.send({
      jsonrpc: '2.0',
      id: 7,
      method: 'sampling/createMessage',
      params: { messages: [], maxTokens: 3 },
    })
    expect(await raw.until(message => message.id === 7)).toMatchObject({
      result: { content: { text: 'own says 3' } },
    })
    expect(await raw.until(message => message.id === 'x:7')).toMatchObject({
      result: { structuredContent: { text } },
    })
    expect(raw.received.some(message => String(message.method).includes('credit'))).toBe(false)
  })

  it('refuses a second initialize of the same direction', async () => {
    const { session, raw } = await pair()
    await mcpReady(session, raw)
    raw.send({ ...INITIALIZE, id: 1 })
    expect(await raw.until(message => message.id === 1)).toMatchObject({ error: { code: -32600 } })
  })

  it('refuses a second request of an id that is being answered', async () => {
    const { session, raw } = await pair()
    const gate = Promise.withResolvers<void>()
    await mcpReady(session, raw, async () => {
      await gate.promise
      return {}
    })
    const call = { jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'slow' } }
    raw.send(call)
    raw.send(call)
    expect(await raw.until(message => message.id === 9)).toMatchObject({ error: { code: -32600 } })
    gate.resolve()
  })
})

describe('a session with a hostile peer', () => {
  it('ends when the peer asks and never reads', async () => {
    const { session, raw } = await pair({
      limits: { window: 4096, windowForReplies: 1024, windowForUrgent: 512, unread: 65_536 },
    })
    await mcpReady(session, raw, undefined, { 'toolmesh/session': { credit: 4096 } })
    const asking = async () => {
      for (let n = 1; ; n += 1) {
        raw.send({ jsonrpc: '2.0', id: `m:${n}`, method: 'ping' })
        if (n % 100 === 0) await new Promise(resolve => setTimeout(resolve, 0))
      }
    }
    asking().catch(() => {})
    expect(await session.closed).toMatchObject({ code: 'rate_limited' })
  })

  it('takes small frames only from a stranger, until it is trusted', async () => {
    let trusted = false
    const { session, raw } = await pair({ isTrusted: () => trusted })
    await mcpReady(session, raw, async () => ({ ok: true }))
    const call = (id: number, bytes: number) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name: 'any', arguments: { text: 'x'.repeat(bytes) } },
    })
    raw.send(call(1, 1024))
    await raw.until(message => message.id === 1)
    trusted = true
    raw.send(call(2, 128 * 1024))
    expect(await raw.until(message => message.id === 2)).toMatchObject({ result: { structuredContent: {} } })

    const stranger = await pair({ isTrusted: () => false })
    await mcpReady(stranger.session, stranger.raw)
    stranger.raw.send(call(3, 64 * 1024))
    expect(await stranger.session.closed).toMatchObject({ code: 'frame_too_large' })
  })

  it('fetches no large value for a stranger', async () => {
    const { session, raw } = await pair({ isTrusted: () => false })
    await mcpReady(session, raw)
    const params = { $blob: 'bafy', size: 64 * 1024 + 1 }
    raw.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    expect(await raw.until(message => message.id === 1)).toMatchObject({
      error: { data: { code: 'frame_too_large' } },
    })
  })

  it('ends when the peer sends on although nothing is taken', async () => {
    const { session, raw } = await pair({
      limits: { incomingRequests: 1, window: 65_536, frameAccepted: 65_536 },
    })
    await mcpReady(session, raw, () => new Promise(() => {}), { 'toolmesh/session': { credit: 65_536 } })
    const text = 'x'.repeat(16_384)
    for (let n = 1; n < 12; n += 1) {
      raw.send({
        jsonrpc: '2.0',
        id: n,
        method: 'tools/call',
        params: { name: 'stuck', arguments: { text } },
      })
    }
    expect(await session.closed).toMatchObject({ code: 'rate_limited' })
  })
})

/** Initialized from the raw side; our own client's initialize stays unanswered. */
async function mcpReady(
  session: MeshSession,
  raw: Awaited<ReturnType<typeof pair>>['raw'],
  tool: Parameters<typeof mcpSide>[2] = async () => ({}),
  experimental?: Record<string, unknown>,
): Promise<void> {
  mcpSide(session, 'own', tool).catch(() => {})
  const capabilities = experimental === undefined ? {} : { experimental }
  raw.send({ ...INITIALIZE, params: { ...INITIALIZE.params, capabilities } })
  await raw.until(message => message.id === 0)
}
