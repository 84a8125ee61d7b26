import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { afterEach, describe, expect, it } from 'vitest'
import type { MeshHost } from '../host-contract.ts'
import { openSession, tcpHost } from '../mesh-pair.fixture.ts'
import { type McpSide, mcpSide, sessionAndRawPeer } from '../session.fixture.ts'
import type { Session } from '../session-contract.ts'

const hosts: MeshHost[] = []

async function host(): Promise<MeshHost> {
  const made = await tcpHost({
    transports: [tcp(), webSockets()],
    listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'],
  })
  hosts.push(made)
  return made
}

afterEach(async () => {
  await Promise.all(hosts.splice(0).map(made => made.close()))
})

interface Pair {
  left: MeshHost
  right: MeshHost
  dialled: Session
  accepted: Session
  leftSide: McpSide
  rightSide: McpSide
}

async function pair(): Promise<Pair> {
  const [left, right] = [await host(), await host()]
  const { dialled, accepted } = await openSession(left, right)
  const answer = async (_: string, args: Record<string, unknown>) => args
  const [leftSide, rightSide] = await Promise.all([
    mcpSide(dialled, 'left', answer),
    mcpSide(accepted, 'right', answer),
  ])
  return { left, right, dialled, accepted, leftSide, rightSide }
}

const signal = () => AbortSignal.timeout(20_000)

function addressOf(made: MeshHost, way: 'ws' | 'tcp'): string {
  const found = made.addresses().find(address => address.includes('/ws') === (way === 'ws'))
  if (found === undefined) throw new Error(`no ${way} address`)
  return found
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 5))
}

describe('moving a session to another connection', () => {
  it('goes on with the same session on both sides, by the new path', async () => {
    const { left, right, dialled, accepted, leftSide, rightSide } = await pair()
    const paths: string[] = []
    right.onPath(session => paths.push(session.path))
    expect(await left.improve(dialled, [addressOf(right, 'ws')], signal())).toBe('websocket')
    await until(() => accepted.path === 'websocket')
    expect(paths).toEqual(['websocket'])
    expect(left.session(right.peerId)).toBe(dialled)
    expect(right.session(left.peerId)).toBe(accepted)
    const [there, back] = await Promise.all([
      leftSide.client.callTool({ name: 'echo', arguments: { n: 1 } }),
      rightSide.client.callTool({ name: 'echo', arguments: { n: 2 } }),
    ])
    expect([there.structuredContent, back.structuredContent]).toEqual([{ n: 1 }, { n: 2 }])
  })

  it('loses and repeats nothing of what is under way in both directions, moved again and again by either side', async () => {
    const { left, right, dialled, accepted, leftSide, rightSide } = await pair()
    const text = 'x'.repeat(20_000)
    let running = true
    let calls = 0
    const busy = async ({ client }: McpSide, from: number) => {
      for (let n = from; running; n += 1000) {
        const result = await client.callTool({ name: 'echo', arguments: { n, text } })
        expect(result.structuredContent).toEqual({ n, text })
        calls += 1
      }
    }
    const load = Promise.all(
      Array.from({ length: 20 }, (_, n) => busy(n % 2 === 0 ? leftSide : rightSide, n)),
    )
    for (let round = 0; round < 6; round += 1) {
      const way = round % 2 === 0 ? 'ws' : 'tcp'
      const path = way === 'ws' ? 'websocket' : 'tcp'
      if (round % 3 === 0) await right.improve(accepted, [addressOf(left, way)], signal())
      else await left.improve(dialled, [addressOf(right, way)], signal())
      await until(() => dialled.path === path && accepted.path === path)
      const before = calls
      await until(() => calls > before + 20)
    }
    running = false
    await load
    expect(left.sessions()).toEqual([dialled])
  })

  it('fetches what is too large for a frame while it moves', async () => {
    const { left, right, dialled, leftSide, rightSide } = await pair()
    const text = 'y'.repeat(12 * 1024 * 1024)
    const calls = [leftSide, rightSide].map(({ client }) =>
      client.callTool({ name: 'echo', arguments: { text } }),
    )
    await left.improve(dialled, [addressOf(right, 'ws')], signal())
    for (const { structuredContent } of await Promise.all(calls)) {
      expect(structuredContent).toEqual({ text })
    }
  })

  it('makes one of two moves that cross, and the session stays whole', async () => {
    const { left, right, dialled, accepted, leftSide, rightSide } = await pair()
    const moves = await Promise.allSettled([
      left.improve(dialled, [addressOf(right, 'ws')], signal()),
      right.improve(accepted, [addressOf(left, 'ws')], signal()),
    ])
    expect(moves.some(({ status }) => status === 'fulfilled')).toBe(true)
    await until(() => dialled.path === 'websocket' && accepted.path === 'websocket')
    for (const { client } of [leftSide, rightSide]) {
      expect((await client.callTool({ name: 'echo', arguments: { ok: true } })).structuredContent).toEqual({
        ok: true,
      })
    }
  })

  it('ends a session whose peer says that it moved when no move was under way', async () => {
    const { session, raw } = await sessionAndRawPeer()
    raw.send({ jsonrpc: '2.0', method: 'notifications/toolmesh/move', params: { token: { no: 'text' } } })
    raw.send({ jsonrpc: '2.0', method: 'notifications/toolmesh/moved' })
    expect(await session.closed).toMatchObject({ code: 'bad_frame' })
  })

  it('is not made with a peer that does not know of moves', async () => {
    const { session, raw } = await sessionAndRawPeer()
    await expect(session.moveTo(raw.stream, 'tcp', signal())).rejects.toMatchObject({ code: 'unavailable' })
    await session.close()
  })

  it('stays where it is when the address does not answer', async () => {
    const { left, dialled, leftSide } = await pair()
    await expect(left.improve(dialled, ['/ip4/127.0.0.1/tcp/9'], signal())).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(dialled.path).toBe('tcp')
    expect((await leftSide.client.callTool({ name: 'echo', arguments: {} })).structuredContent).toEqual({})
  })

  it('closes the connection that was left', async () => {
    const { left, right, dialled, accepted } = await pair()
    await left.improve(dialled, [addressOf(right, 'ws')], signal())
    await until(() => accepted.path === 'websocket')
    await until(() => left.connections(right.peerId) === 1 && right.connections(left.peerId) === 1)
  })
})
