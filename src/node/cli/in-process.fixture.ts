import { vi } from 'vitest'
import { main } from './main.ts'
import type { Ended } from './node.fixture.ts'

/**
 * Runs one command in this process, which takes a fraction of a process start: for what a command asks and prints.
 * One at a time, as its output and exit status are those of the process.
 */
export async function toolmeshHere(args: readonly string[]): Promise<Ended> {
  const stdout = caught(process.stdout)
  const stderr = caught(process.stderr)
  try {
    await main(args)
    return { status: Number(process.exitCode ?? 0), stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    process.exitCode = undefined
    stdout.end()
    stderr.end()
  }
}

/** Keeps what is written instead of writing it. */
function caught(stream: NodeJS.WriteStream): { text: () => string; end: () => void } {
  let text = ''
  const write = vi.spyOn(stream, 'write').mockImplementation(chunk => {
    text += chunk.toString()
    return true
  })
  return { text: () => text, end: () => write.mockRestore() }
}
