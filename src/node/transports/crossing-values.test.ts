import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { tcpHost } from '../../shared/mesh/mesh-pair.fixture.ts'
import { mcpSide } from '../../shared/mesh/session.fixture.ts'
import { runs } from '../test-runtime.fixture.ts'

/**
 * A cancel may wait for a piece of a large value, never for a value: of the time that both take to cross for at most this
 * share. Measured so, as a machine that is busy with other tests is slow for both.
 */
const MOST_OF_CROSSING = 1 / 4
const MIB = 1024 * 1024

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

it('gets every cancel through while two values of 12 MiB cross, not after them', {
  timeout: 60_000,
}, async () => {
  const side = await sideOfSessionWithFarEnd()
  const call = (name: string, args: Record<string, unknown> = {}, signal?: AbortSignal) =>
    side.client.callTool({ name, arguments: args }, undefined, signal === undefined ? {} : { signal })
  const text = 'abcdefghijkl'.repeat(MIB)
  const begun = performance.now()
  const crossings = Promise.all([call('echo', { text }), call('send', { letters: text.length })])
  let took: number | undefined
  void crossings.finally(() => {
    took = performance.now() - begun
  })

  const cancelledAt: number[] = []
  while (took === undefined) {
    const control = new AbortController()
    const waiting = call('wait', {}, control.signal).catch(error => error)
    // Answered after `wait` has begun.
    await side.client.ping()
    cancelledAt.push(performance.timeOrigin + performance.now())
    control.abort()
    await waiting
  }

  const [echoed, sent] = await crossings
  expect(echoed.structuredContent).toEqual({ text })
  expect(sent.structuredContent).toEqual({ same: true })
  const { at } = cancelsSchema.parse((await call('cancels')).structuredContent)
  expect(at.length).toBeGreaterThan(5)
  expect(at).toHaveLength(cancelledAt.length)
  const longest = Math.max(...at.map((arrived, n) => arrived - (cancelledAt[n] ?? 0)))
  expect(longest).toBeLessThan(took * MOST_OF_CROSSING)
})

const farEndSchema = z.object({ peerId: z.string(), addresses: z.array(z.string()) })
const cancelsSchema = z.object({ at: z.array(z.number()) })

/** Two processes, as two machines would be: one that is busy does not hold up the other. */
async function sideOfSessionWithFarEnd() {
  const program = fileURLToPath(new URL('./far-end.fixture.ts', import.meta.url))
  const child = spawn(...runs(program), { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  closing.push(async () => {
    child.stdin.end()
    await ended
  })
  const [line] = await once(createInterface(child.stdout), 'line')
  const { peerId, addresses } = farEndSchema.parse(JSON.parse(String(line)))
  const host = await tcpHost()
  closing.push(() => host.close())
  const session = await host.connect(addresses, { expect: peerId, signal: AbortSignal.timeout(20_000) })
  return mcpSide(session, 'near', async (_, args) => args)
}
