import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runs } from '../test-runtime.fixture.ts'

const program = fileURLToPath(new URL('./failures.fixture.ts', import.meta.url))

async function failing(...ways: string[]) {
  const child = spawn(...runs(program, ...ways), { stdio: ['ignore', 'pipe', 'pipe'] })
  const exit = once(child, 'exit')
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    if (stdout.includes('ending') || (!ways.includes('throw') && stdout.includes('after'))) child.kill()
  })
  const stderr = await text(child.stderr)
  const [status] = await exit
  return { status, stdout, stderr }
}

describe('what nobody waited for', () => {
  it('is logged, and the process goes on', async () => {
    const { stdout, stderr } = await failing('reject')
    expect(stderr).toMatch(/error a promise was rejected .*nobody waits for this/)
    expect(stdout).toBe('after reject\n')
  })

  it('ends the node in order when it was an exception', async () => {
    const { stdout, stderr } = await failing('reject', 'throw')
    expect(stderr).toMatch(/error an exception was not caught.*nobody catches this/)
    expect(stdout).toBe('after reject\nafter throw\nending in order\n')
  })

  it('ends the process at once when it was a second exception', async () => {
    const { status, stdout } = await failing('throw', 'throw')
    expect(status).toBe(1)
    expect(stdout).toBe('after throw\n')
  })
})
