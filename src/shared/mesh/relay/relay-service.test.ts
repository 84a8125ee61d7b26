import { afterEach, describe, expect, it } from 'vitest'
import type { MeshHost } from '../host-contract.ts'
import { mcpSide } from '../session.fixture.ts'
import type { Session } from '../session-contract.ts'
import { relayed, slotOf } from './relayed-pair.fixture.ts'

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function through(
  limits: NonNullable<Parameters<typeof relayed>[0]>['limits'] = {},
): Promise<{ left: MeshHost; right: MeshHost; dialled: Session; accepted: Session }> {
  const { left, right, close } = await relayed({ limits })
  closing.push(close)
  const arrival = Promise.withResolvers<Session>()
  right.onSession(session => {
    if (session.peerId === left.peerId) arrival.resolve(session)
  })
  const dialled = await left.connect([await slotOf(right)], {
    expect: right.peerId,
    signal: AbortSignal.timeout(20_000),
  })
  return { left, right, dialled, accepted: await arrival.promise }
}

describe('a relayed connection', () => {
  it('has limits that both ends know, in bytes and milliseconds', async () => {
    const { left, right, dialled, accepted } = await through({
      relayedMs: 600_000,
      relayedBytes: 32 * 1024 * 1024,
    })
    for (const [host, session] of [
      [left, dialled],
      [right, accepted],
    ] as const) {
      expect(session.path).toBe('relay')
      const { ms, bytes } = host.limitsOf(session) ?? {}
      expect(ms).toBeGreaterThan(590_000)
      expect(ms).toBeLessThanOrEqual(600_000)
      expect(bytes).toBeGreaterThan(31 * 1024 * 1024)
      expect(bytes).toBeLessThan(32 * 1024 * 1024)
    }
  })

  it('carries results of 1 MiB and 16 MiB', async () => {
    const { dialled, accepted } = await through()
    const answer = async (_: string, { size }: Record<string, unknown>) => ({
      text: 'z'.repeat(Number(size)),
    })
    const [{ client }] = await Promise.all([
      mcpSide(dialled, 'left', answer),
      mcpSide(accepted, 'right', answer),
    ])
    for (const size of [1024 ** 2, 16 * 1024 ** 2]) {
      const { structuredContent } = await client.callTool({ name: 'text', arguments: { size } })
      expect((structuredContent as { text: string }).text).toHaveLength(size)
    }
  })

  it('is no faster than its rate', async () => {
    const rate = 2 * 1024 * 1024
    const { dialled, accepted } = await through({ relayedBytesPerSecond: rate })
    const answer = async (_: string, { size }: Record<string, unknown>) => ({
      text: 'z'.repeat(Number(size)),
    })
    const [{ client }] = await Promise.all([
      mcpSide(dialled, 'left', answer),
      mcpSide(accepted, 'right', answer),
    ])
    const began = performance.now()
    const { structuredContent } = await client.callTool({ name: 'text', arguments: { size: 2 * rate } })
    expect((structuredContent as { text: string }).text).toHaveLength(2 * rate)
    // One second's worth may go at once.
    expect(performance.now() - began).toBeGreaterThan(900)
  })
})
