import { describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.ts'
import { done, idOf, openTestQueue, settle, TestWorker, work } from '../queue/queue.fixture.ts'
import type { StepTask, TaskEnd } from '../queue/step-tasks.ts'
import { MemoryQueueStore } from '../queue/store/memory-queue-store.ts'
import type { TaskPort } from './ports.ts'
import { MemoryWorkflowStore } from './store/memory-workflow-store.ts'
import { newWorkflow } from './store/workflow.fixture.ts'

async function open() {
  const clock = new ManualClock()
  const workflows = new MemoryWorkflowStore({ clock })
  await workflows.create([newWorkflow('w1', { owner: 'engine' })])
  const { queue } = await openTestQueue({ clock, store: new MemoryQueueStore(workflows) })
  const steps: TaskPort = queue.steps
  return { workflows, queue, steps }
}

const stepTask = (n: number, fence = 1): StepTask => ({
  principal: `p${n}`,
  request: work(n),
  key: `workflow:w1/1/s${n}/-`,
  guard: { workflow_id: 'w1', fence },
})

describe('tasks of workflows', () => {
  it('are each of their own principal, and the same key again is the same task', async () => {
    const { queue, steps } = await open()
    const receipts = await steps.submit([stepTask(1), stepTask(2), stepTask(1)])
    const [first, second] = [idOf(receipts[0]), idOf(receipts[1])]
    expect(receipts[2]).toEqual({ task_id: first, state: 'queued', deduplicated: true })
    expect(await queue.head(first)).toMatchObject({ principal: 'p1' })
    expect(await queue.head(second)).toMatchObject({ principal: 'p2' })
    expect(await steps.submit([stepTask(2)])).toEqual([
      { task_id: second, state: 'queued', deduplicated: true },
    ])
  })

  it('are refused by an old fence, those with the right one beside them are taken', async () => {
    const { queue, steps, workflows } = await open()
    await workflows.claim([{ workflow_id: 'w1', fence: 1, owner: 'other' }])
    const [late, right] = await steps.submit([stepTask(1, 1), stepTask(2, 2)])
    expect(late).toMatchObject({ error: { code: 'stale_fence' } })
    expect(right).toMatchObject({ state: 'queued' })
    expect(await queue.list()).toMatchObject({ tasks: [{ principal: 'p2' }] })
  })

  it('have keys that no client can use', async () => {
    const { queue } = await open()
    expect(await queue.submit('alice', [work(1, { idempotency_key: 'workflow:w1/1/s1/-' })])).toMatchObject([
      { error: { code: 'invalid_input', field: '/idempotency_key' } },
    ])
  })

  it('tell their ends once each, with the result where they succeeded', async () => {
    const { queue, steps } = await open()
    const told: [string, TaskEnd | undefined][] = []
    const stop = steps.onEnded((id, end) => told.push([id, end]))
    const ids = (await steps.submit([stepTask(1), stepTask(2)])).map(idOf)
    const worker = new TestWorker('w')
    queue.announce(worker, worker.announcement(1))
    await settle()
    expect(told).toEqual([])
    worker.calls[0]!.end(done)
    await settle()
    await steps.cancel(ids[1]!, 'not needed')
    expect(told).toEqual([
      [ids[0], expect.objectContaining({ state: 'succeeded', result: '{"ok":true}', peer_id: 'w' })],
      [ids[1], undefined],
    ])
    stop()
    await steps.cancel(ids[1]!, 'again')
    await steps.cancel('gone', 'again')
    expect(told).toHaveLength(2)
    expect(await steps.ends([ids[1]!, 'gone', ids[0]!])).toMatchObject([
      { task_id: ids[1], state: 'cancelled', error: { code: 'cancelled' } },
      { task_id: ids[0], state: 'succeeded', result: '{"ok":true}' },
    ])
  })
})
