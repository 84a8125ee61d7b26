import { expect, it, vi } from 'vitest'
import { ManualClock } from '../clock.ts'
import { silentLogger } from '../logger.ts'
import { Bodies } from '../queue/bodies/bodies.ts'
import { MemoryBlobStore } from '../queue/bodies/memory-blob-store.ts'
import { idOf, openTestQueue, settle, TestWorker, work } from '../queue/queue.fixture.ts'
import { MemoryQueueStore } from '../queue/store/memory-queue-store.ts'
import { keepWorkflowRetention } from './retention.ts'
import { MemoryWorkflowStore } from './store/memory-workflow-store.ts'
import { appendTo, headOf, newWorkflow } from './store/workflow.fixture.ts'

const MINUTE = 60_000

it('a blob that a task and a workflow refer to goes with the last of them', async () => {
  const clock = new ManualClock()
  const blobs = new MemoryBlobStore()
  const bodies = new Bodies({ store: blobs, logger: silentLogger, inlineBytes: 100 })
  const workflows = new MemoryWorkflowStore({ clock })
  const tasks = new MemoryQueueStore(workflows)
  const { queue } = await openTestQueue({
    clock,
    bodies,
    store: tasks,
    beside: workflows,
    limits: { retentionMs: 3 * MINUTE },
  })
  const kept = async () => {
    const all: string[] = []
    for await (const page of blobs.list()) all.push(...page)
    return all
  }
  const worker = new TestWorker('w')
  queue.announce(worker, worker.announcement(1))
  const id = idOf((await queue.submit('alice', [work(1)]))[0])
  await vi.waitFor(() => expect(worker.calls).toHaveLength(1))
  worker.calls[0]!.end({ state: 'succeeded', result: { text: 'x'.repeat(1_000) } })
  await settle()
  await vi.waitFor(async () => expect(await queue.head(id)).toMatchObject({ state: 'succeeded' }))
  const [end] = await queue.steps.ends([id])
  const output = { key: { of: 'result' } as const, body: end!.result! }
  await workflows.create([newWorkflow('w1')])
  const ended_at = clock.now() + 5 * MINUTE
  await workflows.append([appendTo(headOf('w1'), { state: 'succeeded', ended_at }, { bodies: [output] })])
  const retentionMs = 3 * MINUTE
  const stop = keepWorkflowRetention({
    store: workflows,
    beside: tasks,
    bodies,
    retentionMs,
    clock,
    logger: silentLogger,
  })
  await clock.advance(5 * MINUTE)
  await vi.waitFor(() => expect(queue.head(id)).rejects.toMatchObject({ code: 'not_found' }))
  expect(await kept()).toHaveLength(1)
  await clock.advance(5 * MINUTE)
  await vi.waitFor(async () => expect(await workflows.head('w1')).toBeUndefined())
  await vi.waitFor(async () => expect(await kept()).toEqual([]))
  stop()
  await queue.close()
})
