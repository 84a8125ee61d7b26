/** A process that fails in the ways that its arguments say, one after the other. */
import { setImmediate as turn } from 'node:timers/promises'
import { firstFailure } from './failures.ts'
import { stderrLogger } from './stderr-logger.ts'

const failure = firstFailure(stderrLogger({ level: 'info', format: 'text' }))
for (const way of process.argv.slice(2)) {
  if (way === 'reject') void Promise.reject(new Error('nobody waits for this'))
  else
    setImmediate(() => {
      throw new Error('nobody catches this')
    })
  await turn()
  await turn()
  process.stdout.write(`after ${way}\n`)
}
setTimeout(() => {}, 60_000)
await failure
process.stdout.write('ending in order\n')
