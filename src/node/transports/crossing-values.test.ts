import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { tcpHost } from '../../shared/mesh/mesh-pair.fixture.ts'
import { mcpSide } from '../../shared/mesh/session.fixture.ts'

/** The goal: a cancel never waits long behind large values. */
const MOST_MS = 200
/** Crossings that may fail before the test does: other tests may keep a process from the processor for longer than that. */
const STARVED = 3
const MIB = 1024 * 1024

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

it('gets every cancel through in under 200 ms while two values of 12 MiB cross', {
  retry: STARVED,
  timeout: 60_000,
}, async () => {
  const side = await sideOfSessionWithFarEnd()
  const call = (name: string, args: Record<string, unknown> = {}, signal?: AbortSignal) =>
    side.client.callTool({ name, arguments: args }, undefined, signal === undefined ? {} : { signal })
  const text = 'abcdefghijkl'.repeat(MIB)
  const crossings = Promise.all([call('echo', { text }), call('send', { letters: text.length })])
  let crossed = false
  void crossings.finally(() => {
    crossed = true
  })

  const cancelledAt: number[] = []
  while (!crossed) {
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
  expect(Math.max(...at.map((arrived, n) => arrived - (cancelledAt[n] ?? 0)))).toBeLessThan(MOST_MS)
})

const farEndSchema = z.object({ peerId: z.string(), addresses: z.array(z.string()) })
const cancelsSchema = z.object({ at: z.array(z.number()) })

/** Two processes, as two machines would be: one that is busy does not hold up the other. */
async function sideOfSessionWithFarEnd() {
  const program = fileURLToPath(new URL('./far-end.fixture.ts', import.meta.url))
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
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
