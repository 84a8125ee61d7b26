import { join } from 'node:path'
import { ownWorker } from '../../src/node/own-worker.ts'
import { openSqliteStores } from '../../src/node/store/sqlite-stores.ts'
import { systemClock } from '../../src/shared/clock.ts'
import { silentLogger } from '../../src/shared/logger.ts'
import { Bodies } from '../../src/shared/queue/bodies/bodies.ts'
import { MemoryBlobStore } from '../../src/shared/queue/bodies/memory-blob-store.ts'
import { Queue } from '../../src/shared/queue/queue.ts'
import { AttemptRunner } from '../../src/shared/queue/worker/attempt-runner.ts'
import { MemoryOutbox } from '../../src/shared/queue/worker/outbox.ts'
import { Catalogue } from '../../src/shared/tools/catalogue.ts'
import type { ToolDescriptor } from '../../src/shared/tools/tool.ts'
import { Workflows } from '../../src/shared/workflow/workflows.ts'

/** Gives back its number: as little as a step can do. */
export const ECHO: ToolDescriptor = {
  name: 'echo',
  category: 'bench',
  title: 'Echo',
  description: 'Gives back its number.',
  effects: { repeat: 'pure', reach: [] },
  platforms: ['node'],
  inline_max_bytes: 0,
  input_schema: {
    type: 'object',
    properties: { n: { type: 'integer' } },
    required: ['n'],
    additionalProperties: false,
  },
  output_schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
  interface_cid: 'interface',
  code_cid: 'code',
  module: 'echo.ts',
}

const OWNER = 'bench-owner'
/** Attempts at once. */
const CREDITS = 256

export const PRINCIPAL = 'bench'

export interface OpenWorkflows {
  queue: Queue
  workflows: Workflows
  close(): Promise<void>
}

/**
 * Queue and workflows over one SQLite store in `folder`, `full`, as a node composes them, with this process as the
 * only worker; its tool runs at once.
 */
export async function openWorkflows(folder: string): Promise<OpenWorkflows> {
  const stores = await openSqliteStores({ path: join(folder, 'queue.db'), synchronous: 'full' })
  const bodies = new Bodies({ store: new MemoryBlobStore(), logger: silentLogger })
  const catalogue = new Catalogue([ECHO])
  const clock = systemClock
  const shared = { bodies, ownerId: OWNER, clock, logger: silentLogger, random: Math.random }
  const queue = new Queue({ ...shared, store: stores.tasks, catalogue, beside: stores.workflows })
  const workflows = new Workflows({
    ...shared,
    store: stores.workflows,
    tasks: queue.steps,
    tools: catalogue,
    evaluate: () => Promise.reject(new Error('no step has an expression')),
    mayRun: () => undefined,
    paramsOf: taskId => queue.params(taskId),
    engineId: crypto.randomUUID(),
  })
  await queue.start()
  await workflows.start()
  queue.reachable()
  const runner = new AttemptRunner({
    instanceId: crypto.randomUUID(),
    execute: async ({ input }) => input,
    hasNotRun: () => false,
    outbox: new MemoryOutbox(),
    clock,
    catalogue,
    capacity: CREDITS,
  })
  const { name: tool, interface_cid, code_cid } = ECHO
  queue.announce(ownWorker(OWNER, runner), {
    instance_id: runner.instanceId,
    tools: [{ tool, interface_cid, code_cid }],
    labels: [],
    credits: CREDITS,
  })
  return {
    queue,
    workflows,
    async close() {
      await workflows.close()
      await queue.close()
      await stores.tasks.close()
    },
  }
}
