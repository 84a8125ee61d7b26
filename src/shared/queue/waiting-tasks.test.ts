import { describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.ts'
import { silentLogger } from '../logger.ts'
import { AlarmClock } from './alarm-clock.ts'
import type { WaitingTask } from './store.ts'
import type { ConcurrencyKey, RateKey } from './task.ts'
import { WaitingTasks } from './waiting-tasks.ts'
import type { WorkerOffer } from './what-is-missing.ts'

interface Wants {
  priority: number
  tool: string
  code_cid: string | null
  target: string
  requires: string[]
  principal: string
  concurrency: ConcurrencyKey
  rate: RateKey
}

function lane(wants: Partial<Wants> = {}): string {
  const { priority = 5, tool = 'a', code_cid = 'a1', target, requires = [], principal = 'alice' } = wants
  const { concurrency, rate } = wants
  return JSON.stringify([
    priority,
    tool,
    code_cid,
    target ?? null,
    requires,
    principal,
    concurrency === undefined ? null : [concurrency.key, concurrency.limit],
    rate === undefined ? null : [rate.key, rate.limit, rate.per_ms],
  ])
}

function worker(
  peer_id = 'p',
  labels: string[] = [],
  tools: Record<string, string> = { a: 'a1' },
): WorkerOffer {
  return { peer_id, tools: new Map(Object.entries(tools)), labels: new Set(labels) }
}

function open({ page = async (): Promise<WaitingTask[]> => [], heldAtMost = 131_072 } = {}) {
  const clock = new ManualClock()
  const ready = new Set<ReadonlySet<WorkerOffer>>()
  const tasks = new WaitingTasks<WorkerOffer>({
    page,
    clock,
    alarms: new AlarmClock(clock),
    categoryOf: tool => `kind of ${tool}`,
    onReady: workers => ready.add(workers),
    logger: silentLogger,
    heldAtMost,
  })
  let order = 0
  return {
    tasks,
    clock,
    ready,
    /** Tasks come, each to its lane; the nth is called `t<n>`. */
    come(...lanes: string[]) {
      for (const each of lanes) {
        order += 1
        tasks.arrive(each, { task_id: `t${order}`, order, queued_at: clock.now() })
      }
    },
    /** What the worker is given until it is given nothing. */
    all(by: WorkerOffer) {
      const ids: string[] = []
      for (let taken = tasks.take(by); taken !== undefined; taken = tasks.take(by)) ids.push(taken.task_id)
      return ids
    },
  }
}

describe('waiting tasks', () => {
  it('go by priority, then first come, over all lanes that the worker can run', () => {
    const { tasks, come, all } = open()
    come(
      lane({ tool: 'b', code_cid: 'b1' }),
      lane({ priority: 2 }),
      lane(),
      lane({ requires: ['gpu'] }),
      lane(),
    )
    const plain = worker('p', [], { a: 'a1', b: 'b1' })
    tasks.setWorker(plain)
    expect(all(plain)).toEqual(['t1', 't3', 't5', 't2'])
    expect(tasks.size).toBe(1)
  })
})
