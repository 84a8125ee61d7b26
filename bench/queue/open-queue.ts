import { openSqliteStores } from '../../src/node/store/sqlite-stores.ts'
import { systemClock } from '../../src/shared/clock.ts'
import { silentLogger } from '../../src/shared/logger.ts'
import { Bodies } from '../../src/shared/queue/bodies/bodies.ts'
import { MemoryBlobStore } from '../../src/shared/queue/bodies/memory-blob-store.ts'
import { Queue } from '../../src/shared/queue/queue.ts'
import type { Announcement } from '../../src/shared/queue/work.ts'
import { Catalogue } from '../../src/shared/tools/catalogue.ts'
import type { ToolDescriptor } from '../../src/shared/tools/tool.ts'

export const NO_OP: ToolDescriptor = {
  name: 'no_op',
  category: 'bench',
  title: 'Nothing',
  description: 'Does nothing.',
  effects: { repeat: 'pure', reach: [] },
  platforms: ['node'],
  inline_max_bytes: 0,
  input_schema: {
    type: 'object',
    properties: { n: { type: 'integer' }, text: { type: 'string' } },
    additionalProperties: false,
  },
  output_schema: { type: 'object' },
  interface_cid: 'interface',
  code_cid: 'code',
  module: 'no-op.ts',
}

/** Peer id of the node whose queue it is. */
export const OWNER = 'bench-owner'

export const CATALOGUE = new Catalogue([NO_OP])

/** Tasks that wait at once, at most: more than any benchmark submits. */
const LIVE_TASKS = 2_000_000

/** A queue over a store in the file `path`, as a node composes it, started. */
export async function openQueue(
  path: string,
  synchronous: 'full' | 'normal',
): Promise<{ queue: Queue; close(): Promise<void> }> {
  const { tasks: store } = await openSqliteStores({ path, synchronous })
  const queue = new Queue({
    store,
    bodies: new Bodies({ store: new MemoryBlobStore(), logger: silentLogger }),
    catalogue: CATALOGUE,
    ownerId: OWNER,
    clock: systemClock,
    logger: silentLogger,
    random: Math.random,
    limits: { liveTasks: LIVE_TASKS },
  })
  await queue.start()
  queue.reachable()
  return {
    queue,
    async close() {
      await queue.close()
      await store.close()
    },
  }
}

/** What a worker that has the tool announces. */
export function announcementOf(instanceId: string, credits: number): Announcement {
  const { name, interface_cid, code_cid } = NO_OP
  return {
    instance_id: instanceId,
    tools: [{ tool: name, interface_cid, code_cid }],
    labels: [],
    credits,
  }
}
