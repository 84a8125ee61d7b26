import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { ResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { BLOB_PROTOCOL, fetchBlob } from './blob-stream.ts'
import type { MeshHost, MeshHostOptions } from './host-contract.ts'
import { openSession, tcpHost } from './mesh-pair.fixture.ts'
import { type McpSide, mcpSide, type ToolFn } from './session.fixture.ts'
import type { MeshSession } from './session.ts'

const MIB = 1024 * 1024

const hosts: MeshHost[] = []

afterEach(async () => {
  await Promise.all(hosts.splice(0).map(host => host.close()))
})

interface Ends {
  left: McpSide & { session: MeshSession; host: MeshHost }
  right: McpSide & { session: MeshSession; host: MeshHost }
}

/** Two hosts on TCP, an MCP client and server on each end of one session. */
async function ends(
  tool: { left?: ToolFn; right?: ToolFn } = {},
  options: Partial<MeshHostOptions> = {},
): Promise<Ends> {
  const [leftHost, rightHost] = await Promise.all([tcpHost(options), tcpHost(options)])
  hosts.push(leftHost, rightHost)
  const { dialled, accepted } = await openSession(leftHost, rightHost)
  const [left, right] = await Promise.all([
    mcpSide(dialled, 'left', tool.left ?? (async () => ({}))),
    mcpSide(accepted, 'right', tool.right ?? (async () => ({}))),
  ])
  return {
    left: { ...left, session: dialled as MeshSession, host: leftHost },
    right: { ...right, session: accepted as MeshSession, host: rightHost },
  }
}

const call = (side: McpSide, name: string, args: Record<string, unknown> = {}, signal?: AbortSignal) =>
  side.client.callTool({ name, arguments: args }, undefined, {
    timeout: 50_000,
    ...(signal === undefined ? {} : { signal }),
  })

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 5))
}

describe('a session under traffic', () => {
  it('keeps calls and samplings of both sides apart although their raw ids are equal', async () => {
    const asking: ToolFn = async (name, args, { server, progress }) => {
      await progress(1)
      const said = await server.createMessage({ messages: [], maxTokens: Number(args.n) })
      return { name, n: args.n, said: said.content }
    }
    const { left, right } = await ends({ left: asking, right: asking })
    const progressOf = { left: 0, right: 0 }
    const run = (side: McpSide, own: 'left' | 'right', n: number) =>
      side.client.callTool({ name: own, arguments: { n } }, undefined, {
        onprogress: () => {
          progressOf[own] += 1
        },
      })
    const rounds = Array.from({ length: 50 }, (_, n) => n)
    const [fromRight, fromLeft] = await Promise.all([
      Promise.all(rounds.map(n => run(left, 'left', n))),
      Promise.all(rounds.map(n => run(right, 'right', n + 1000))),
    ])
    for (const n of rounds) {
      expect(fromRight[n]!.structuredContent).toEqual({
        name: 'left',
        n,
        said: { type: 'text', text: `left says ${n}` },
      })
      expect(fromLeft[n]!.structuredContent).toEqual({
        name: 'right',
        n: n + 1000,
        said: { type: 'text', text: `right says ${n + 1000}` },
      })
    }
    expect(progressOf).toEqual({ left: 50, right: 50 })
  })

  it('answers a thousand requests in flight, in the order in which they are ready', async () => {
    const gates = Array.from({ length: 1000 }, () => Promise.withResolvers<void>())
    const { left } = await ends({
      right: async (_, args) => {
        await gates[Number(args.n)]!.promise
        return { n: args.n }
      },
    })
    const order: number[] = []
    const calls = gates.map((_, n) =>
      call(left, 'gate', { n }).then(({ structuredContent }) => {
        order.push(z.object({ n: z.number() }).parse(structuredContent).n)
      }),
    )
    for (let n = 999; n >= 0; n -= 1) {
      gates[n]!.resolve()
      if (n % 100 === 0) await Promise.all(calls.slice(n, n + 100))
    }
    await Promise.all(calls)
    expect(order).toHaveLength(1000)
    expect(order.slice(0, 100).every(n => n >= 900)).toBe(true)
  })

  it('rejects what is under way when the peer vanishes in the middle', async () => {
    const begun = Promise.withResolvers<void>()
    const { left, right } = await ends({
      right: async () => {
        begun.resolve()
        return new Promise(() => {})
      },
    })
    const pending = call(left, 'never').catch((error: unknown) => error)
    await begun.promise
    await right.host.dropPeer(left.host.peerId)
    expect(await pending).toBeInstanceOf(Error)
    expect(await left.session.closed).toHaveProperty('code')
    await expect(call(left, 'more')).rejects.toThrow()
    await until(() => left.host.session(right.host.peerId) === undefined)
  })

  it('holds back a sender whose peer does not get on, and lets answers and cancels pass', async () => {
    const aborted: unknown[] = []
    const { left, right } = await ends(
      {
        right: async (_, args, { signal }) => {
          await new Promise<void>(resolve =>
            signal.addEventListener('abort', () => resolve(), { once: true }),
          )
          aborted.push(args.n)
          return {}
        },
        left: async () => ({ ok: true }),
      },
      { sessionLimits: { incomingRequests: 4, queued: 4 * MIB } },
    )
    const text = 'x'.repeat(200_000)
    const controls = Array.from({ length: 60 }, () => new AbortController())
    const outcomes = controls.map((control, n) =>
      call(left, 'stuck', { n, text }, control.signal).then(
        () => 'answered',
        (error: Error) => error.message,
      ),
    )
    const refused = await Promise.race(outcomes)
    expect(refused).toMatch(/wait for this peer/)
    const { unacknowledged, queued } = left.session.backlog
    expect(unacknowledged).toBeLessThanOrEqual(2 * MIB)
    expect(queued).toBeLessThanOrEqual(4 * MIB)
    // The other way is not held up, and neither is what makes room: a cancel.
    expect((await call(right, 'free')).structuredContent).toEqual({ ok: true })
    controls[0]!.abort()
    await until(() => aborted.includes(0))
    for (const control of controls) control.abort()
    await Promise.all(outcomes)
    await until(() => left.session.backlog.queued === 0)
    expect((await call(right, 'free')).structuredContent).toEqual({ ok: true })
  })
})

describe('large values', () => {
  it('travel as blobs that are offered until they were fetched', async () => {
    const { left, right } = await ends({ right: async (_, args) => ({ size: String(args.text).length }) })
    const text = 'ü'.repeat(3 * MIB)
    const { structuredContent } = await call(left, 'measure', { text })
    expect(structuredContent).toEqual({ size: 3 * MIB })
    // The last acknowledgement travels on the blob's own stream, so it may come after the answer.
    await until(() => left.session.backlog.offered === 0 && right.session.backlog.offered === 0)
  })

  it('over the limit give the sender a clear error, as a request and as a result', async () => {
    const { left, right } = await ends(
      { right: async () => ({ text: 'y'.repeat(2 * MIB) }) },
      { sessionLimits: { blob: MIB } },
    )
    await expect(call(left, 'big', { text: 'x'.repeat(2 * MIB) })).rejects.toThrow(/allowed: 1048576/)
    await expect(call(left, 'big')).rejects.toMatchObject({
      code: -32003,
      data: { code: 'frame_too_large' },
    })
    expect((await right.client.callTool({ name: 'still here' })).structuredContent).toEqual({})
  })

  it('are dropped with the request when it is cancelled during the transfer', async () => {
    let ran = false
    const { left } = await ends({
      right: async () => {
        ran = true
        return {}
      },
    })
    const control = new AbortController()
    const pending = call(left, 'big', { text: 'z'.repeat(30 * MIB) }, control.signal).catch(error => error)
    await until(() => left.session.backlog.offered > 0)
    control.abort()
    await pending
    await left.client.request({ method: 'ping' }, ResultSchema)
    expect(ran).toBe(false)
    expect((await call(left, 'next')).structuredContent).toEqual({})
  })

  it('are given to nobody but the peer of the session', async () => {
    const { left } = await ends()
    const bytes = new TextEncoder().encode('{"secret":1}')
    const cid = await left.session.offers.add(bytes, () => true)
    const stranger = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
    })
    const open = () => stranger.dialProtocol(left.host.addresses().map(multiaddr), BLOB_PROTOCOL)
    const fetched = fetchBlob(open, String(cid), bytes.byteLength, AbortSignal.timeout(20_000))
    await expect(fetched).rejects.toThrow(/not offered/)
    await stranger.stop()
  })
})
