import { createInterface } from 'node:readline/promises'
import type { Terminal } from './ask-person.ts'

/** The person at the terminal; undefined where there is none, as in a script. Asked on the standard error output, so that results stay clean. */
export function ownTerminal(): Terminal | undefined {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined
  return {
    print: line => void process.stderr.write(`${line}\n`),
    async question(prompt, signal) {
      const lines = createInterface({ input: process.stdin, output: process.stderr })
      const closed = new Promise<undefined>(resolve => lines.once('close', () => resolve(undefined)))
      try {
        return await Promise.race([lines.question(prompt, { signal }), closed])
      } finally {
        lines.close()
      }
    },
  }
}
