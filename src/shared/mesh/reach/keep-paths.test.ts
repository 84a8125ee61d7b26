import { tcp } from '@libp2p/tcp'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import type { MeshHost, MeshHostOptions } from '../host-contract.ts'
import { relayed, slotOf } from '../relay/relayed-pair.fixture.ts'
import { type McpSide, mcpSide } from '../session.fixture.ts'
import type { Session } from '../session-contract.ts'
import { persistentRelayTransport } from '../workarounds/relay-retry.ts'
import { type KeepPathsInit, keepPaths } from './keep-paths.ts'

const closing: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Pair {
  relay: MeshHost
  left: MeshHost
  right: MeshHost
  dialled: Session
  accepted: Session
  leftSide: McpSide
  rightSide: McpSide
}

/** Two hosts with a session through a relay, whose paths are kept from here on. */
async function pair(
  relayOptions: Partial<MeshHostOptions> = {},
  keep: Partial<KeepPathsInit> = {},
  hidden: Partial<MeshHostOptions> = {},
): Promise<Pair> {
  const { relay, left, right, close } = await relayed(relayOptions, hidden)
  closing.push(close)
  const arrival = Promise.withResolvers<Session>()
  right.onSession(session => {
    if (session.peerId === left.peerId) arrival.resolve(session)
  })
  const to = { expect: right.peerId, signal: AbortSignal.timeout(20_000) }
  const dialled = await left.connect([await slotOf(right)], to)
  const accepted = await arrival.promise
  const answer = async (_: string, { size = 0 }: Record<string, unknown>) => ({
    text: 'z'.repeat(Number(size)),
  })
  const [leftSide, rightSide] = await Promise.all([
    mcpSide(dialled, 'left', answer),
    mcpSide(accepted, 'right', answer),
  ])
  for (const host of [left, right]) {
    closing.push(
      keepPaths({
        host,
        addressesOf: () => [],
        direct: true,
        clock: systemClock,
        logger: silentLogger,
        random: Math.random,
        ...keep,
      }),
    )
  }
  return { relay, left, right, dialled, accepted, leftSide, rightSide }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 5))
}

async function expectText({ client }: McpSide, size: number): Promise<void> {
  const { structuredContent } = await client.callTool({ name: 'text', arguments: { size } })
  expect((structuredContent as { text: string }).text).toHaveLength(size)
}

describe('a session through a relay', () => {
  it('goes on by WebRTC as soon as it can, with what is under way, and then needs no relay', async () => {
    const { relay, dialled, accepted, leftSide, rightSide } = await pair()
    const underWay = [expectText(leftSide, 4_000_000), expectText(rightSide, 4_000_000)]
    await until(() => dialled.path === 'webrtc' && accepted.path === 'webrtc')
    await Promise.all(underWay)
    await relay.close()
    await Promise.all([expectText(leftSide, 100), expectText(rightSide, 2_000_000)])
  })

  it('goes on by an address that only one of the two can dial', async () => {
    let known: string[] = []
    const { left, right, dialled, accepted, leftSide } = await pair(
      {},
      { addressesOf: peerId => (peerId === left.peerId ? known : []) },
      {
        transports: [tcp(), persistentRelayTransport({ clock: systemClock })],
        listen: ['/ip4/127.0.0.1/tcp/0', '/p2p-circuit'],
      },
    )
    known = left.addresses().filter(address => !address.includes('/p2p-circuit'))
    expect(known).not.toEqual([])
    await until(() => dialled.path === 'tcp' && accepted.path === 'tcp')
    await expectText(leftSide, 1000)
    expect(right.session(left.peerId)).toBe(accepted)
  })

  it('stays on the relay when no direct path is to be looked for', async () => {
    const { dialled, leftSide } = await pair({}, { direct: false })
    await expectText(leftSide, 1_000_000)
    expect(dialled.path).toBe('relay')
  })

  it('moves to another relayed connection before the bytes of one are used up', async () => {
    const bytes = 2 * 1024 * 1024
    const { left, dialled, leftSide } = await pair({ limits: { relayedBytes: bytes } }, { direct: false })
    for (let sent = 0; sent < 5 * bytes; sent += 150_000) {
      await expectText(leftSide, 150_000)
      await until(() => (left.limitsOf(dialled)?.bytes ?? 0) > 400_000)
    }
    expect(dialled.path).toBe('relay')
  })

  it('ends with the limit by its name on both sides when there is no other relayed connection', async () => {
    let open = true
    const { dialled, accepted } = await pair(
      { limits: { relayedMs: 5_000 }, gater: { isGranted: () => open } },
      { direct: false },
    )
    open = false
    for (const end of await Promise.all([dialled.closed, accepted.closed])) {
      expect(end).toMatchObject({
        code: 'rate_limited',
        message: expect.stringContaining('limits.relayTime'),
      })
    }
  })
})
