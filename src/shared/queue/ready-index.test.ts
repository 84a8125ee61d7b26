import { describe, expect, it } from 'vitest'
import { type LiveTask, ReadyIndex, type TaskNeeds, type WorkerOffer, whatIsMissing } from './ready-index.ts'

function worker(peer_id: string, tools: Record<string, string>, labels: string[] = []): WorkerOffer {
  return { peer_id, tools: new Map(Object.entries(tools)), labels: new Set(labels) }
}

const needs = (more: Partial<TaskNeeds> = {}): TaskNeeds => ({
  tool: 'a',
  code_cid: 'a1',
  any_build: false,
  requires: [],
  ...more,
})

function indexOf(...tasks: Partial<TaskNeeds & { priority: number }>[]) {
  const index = new ReadyIndex<WorkerOffer>()
  const live = tasks.map(({ priority = 5, ...more }, order): LiveTask<WorkerOffer> => {
    return { task_id: `t${order}`, priority, order, cls: index.join(needs(more)), place: -1 }
  })
  for (const task of live) index.add(task)
  return { index, live }
}

describe('ReadyIndex', () => {
  it('gives a worker only what it can run, by priority and then by age, over all classes', () => {
    const { index } = indexOf(
      { tool: 'b', code_cid: 'b1' },
      { priority: 2 },
      {},
      { requires: ['gpu'], priority: 10 },
      {},
    )
    const plain = worker('p', { a: 'a1', b: 'b1' })
    index.setWorker(plain)
    const taken = [1, 2, 3, 4, 5].map(() => index.take(plain)?.task_id)
    expect(taken).toEqual(['t0', 't2', 't4', 't1', undefined])
    expect(index.size).toBe(1)
    expect(index.stranded(10)).toMatchObject([{ needs: { requires: ['gpu'] }, tasks: 1 }])
  })

  it('matches a class that appears after the worker, and an offer that changes', () => {
    const { index } = indexOf()
    const tools = new Map<string, string>()
    const late: WorkerOffer = { peer_id: 'p', tools, labels: new Set() }
    index.setWorker(late)
    const cls = index.join(needs())
    index.add({ task_id: 't', priority: 5, order: 1, cls, place: -1 })
    expect(index.take(late)).toBeUndefined()
    tools.set('a', 'a1')
    index.setWorker(late)
    expect(index.take(late)?.task_id).toBe('t')
  })

  it('forgets a class when its last task has ended', () => {
    const { index, live } = indexOf({}, {})
    const one = worker('p', { a: 'a1' })
    index.setWorker(one)
    for (const task of live) {
      index.remove(task)
      index.leave(task.cls)
    }
    expect(index.size).toBe(0)
    expect(index.join(needs())).not.toBe(live[0]!.cls)
  })
})

describe('what is missing', () => {
  it('is the peer, the tool, the build or the label', () => {
    const one = worker('p', { a: 'a1' }, ['kind:tab'])
    expect(whatIsMissing(needs(), one)).toBeUndefined()
    expect(whatIsMissing(needs({ target: 'q' }), one)).toBe('peer q')
    expect(whatIsMissing(needs({ tool: 'b' }), one)).toBe('a worker that offers b')
    expect(whatIsMissing(needs({ code_cid: 'a2' }), one)).toBe('a worker with this build of a')
    expect(whatIsMissing(needs({ code_cid: 'a2', any_build: true }), one)).toBeUndefined()
    expect(whatIsMissing(needs({ requires: ['kind:tab', 'gpu'] }), one)).toBe('a worker labelled gpu')
  })
})
