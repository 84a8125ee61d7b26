import { ownWorker } from '../../src/node/own-worker.ts'
import { openSqliteQueueStore } from '../../src/node/store/sqlite-queue-store.ts'
import { systemClock } from '../../src/shared/clock.ts'
import { silentLogger } from '../../src/shared/logger.ts'
import { AttemptRunner } from '../../src/shared/queue/attempt-runner.ts'
import { MemoryOutbox } from '../../src/shared/queue/outbox.ts'
import { Queue } from '../../src/shared/queue/queue.ts'
import type { ToolDescriptor } from '../../src/shared/tools/tool.ts'
import { type Contender, payloadOf } from './contender.ts'

const NO_OP: ToolDescriptor = {
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

const OWNER = 'bench-owner'

/** Our queue in the file `path`, with this process as its only worker: composed as a node does, its tool runs at once. */
export async function toolmesh(path: string, synchronous: 'full' | 'normal'): Promise<Contender> {
  const catalogue = new Map([[NO_OP.name, NO_OP]])
  const store = await openSqliteQueueStore({ path, synchronous })
  const queue = new Queue({
    store,
    catalogue,
    ownerId: OWNER,
    clock: systemClock,
    logger: silentLogger,
    random: Math.random,
  })
  await queue.start()
  queue.reachable()
  const runner = new AttemptRunner({
    instanceId: crypto.randomUUID(),
    execute: async () => ({}),
    hasNotRun: () => false,
    outbox: new MemoryOutbox(),
    clock: systemClock,
    catalogue,
    capacity: 0,
  })
  const link = ownWorker(OWNER, runner)
  const offer = (credits: number): void => {
    runner.setCapacity(credits)
    const { name, interface_cid, code_cid } = NO_OP
    queue.announce(link, {
      instance_id: runner.instanceId,
      tools: [{ tool: name, interface_cid, code_cid }],
      labels: [],
      credits,
    })
  }
  const numberOf = new Map<string, number>()
  return {
    async submit(numbers) {
      const requests = numbers.map(n => ({ tool: NO_OP.name, params: { ...payloadOf(n) } }))
      const receipts = await queue.submit('bench', requests)
      receipts.forEach((receipt, index) => {
        if ('error' in receipt) throw new Error(receipt.error.message)
        numberOf.set(receipt.task_id, numbers[index] ?? Number.NaN)
      })
    },
    async work(concurrency, onDone) {
      const unsubscribe = queue.onChange(({ task_id, state }) => {
        if (state !== 'succeeded') return
        const number = numberOf.get(task_id)
        if (number === undefined) throw new Error('a task ended before it was acknowledged')
        numberOf.delete(task_id)
        onDone(number)
      })
      offer(concurrency)
      return {
        async stop() {
          offer(0)
          unsubscribe()
        },
      }
    },
    async close() {
      await queue.close()
      await store.close()
    },
  }
}
