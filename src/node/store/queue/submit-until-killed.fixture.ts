/** A process that submits to a store and prints the id of each acknowledged task, until it is killed. */
import { systemClock } from '../../../shared/clock.ts'
import { silentLogger } from '../../../shared/logger.ts'
import { Bodies } from '../../../shared/queue/bodies/bodies.ts'
import { MemoryBlobStore } from '../../../shared/queue/bodies/memory-blob-store.ts'
import { TEST_TOOLS } from '../../../shared/queue/queue.fixture.ts'
import { Queue } from '../../../shared/queue/queue.ts'
import { openSqliteStores } from '../sqlite-stores.ts'

const path = process.argv[2] ?? ''
const queue = new Queue({
  store: (await openSqliteStores({ path })).tasks,
  bodies: new Bodies({ store: new MemoryBlobStore(), logger: silentLogger }),
  catalogue: TEST_TOOLS,
  ownerId: 'owner-peer-id',
  clock: systemClock,
  logger: silentLogger,
  random: Math.random,
})
await queue.start()

async function submitForEver(): Promise<never> {
  for (let n = 0; ; n++) {
    const receipts = await queue.submit('alice', [
      { tool: 'work', params: { n } },
      { tool: 'work', params: { n } },
    ])
    for (const receipt of receipts) if ('task_id' in receipt) process.stdout.write(`${receipt.task_id}\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, submitForEver))
