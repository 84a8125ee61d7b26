import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runs } from '../test-runtime.fixture.ts'

const program = fileURLToPath(new URL('./signals.fixture.ts', import.meta.url))

describe('the second signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends the process at once: %s', async (signal, expected) => {
    const child = spawn(...runs(program), { stdio: ['ignore', 'pipe', 'inherit'] })
    const exit = once(child, 'exit')
    const lines: string[] = []
    let again: NodeJS.Timeout | undefined
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      child.kill(signal)
      // What comes within a moment of the first is taken for that one, so it is sent until it counts.
      again ??= setInterval(() => child.kill(signal), 100)
    }
    clearInterval(again)
    expect(lines).toEqual(['ready', 'ending'])
    expect(await exit).toEqual([expected, null])
  })
})
