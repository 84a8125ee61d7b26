import { describe, expect, it } from 'vitest'
import { headOf } from './commands.fixture.ts'
import { isWaiting, laneKey, parseLane } from './lane.ts'

describe('a lane', () => {
  it('says all that decides who may run its tasks and when, and comes back from its key', () => {
    const task = headOf('t', {
      priority: 7,
      target: 'p1',
      requires: ['gpu:yes', 'kind:node'],
      concurrency: { key: 'db', limit: 2 },
      rate: { key: 'api', limit: 10, per_ms: 1_000 },
    })
    expect(parseLane(laneKey(task))).toEqual({
      priority: 7,
      needs: { tool: 'work', code_cid: 'code', target: 'p1', requires: ['gpu:yes', 'kind:node'] },
      principal: 'alice',
      concurrency: { key: 'db', limit: 2 },
      rate: { key: 'api', limit: 10, per_ms: 1_000 },
    })
    expect(parseLane(laneKey(headOf('t', { any_build: true })))).toEqual({
      priority: 5,
      needs: { tool: 'work', requires: [] },
      principal: 'alice',
    })
  })

  it.each([
    ['priority', { priority: 6 }],
    ['tool', { tool: 'other' }],
    ['build', { code_cid: 'newer' }],
    ['indifference to the build', { any_build: true }],
    ['target', { target: 'p' }],
    ['required label', { requires: ['a'] }],
    ['submitter', { principal: 'bob' }],
    ['concurrency key', { concurrency: { key: 'k', limit: 1 } }],
    ['rate key', { rate: { key: 'k', limit: 1, per_ms: 100 } }],
  ])('is another one for each %s', (_what, more) => {
    expect(laneKey(headOf('t', more))).not.toBe(laneKey(headOf('t')))
  })

  it('is the same for tasks that differ in nothing of that', () => {
    const other = headOf('t2', { labels: { a: 'b' }, metadata: { x: 1 }, deadline: 9, fence: 3 })
    expect(laneKey(other)).toBe(laneKey(headOf('t1')))
    expect(laneKey(headOf('t', { any_build: true, code_cid: 'x' }))).toBe(
      laneKey(headOf('t', { any_build: true })),
    )
  })

  it('holds a queued task unless its retry is held back', () => {
    expect(isWaiting({ state: 'queued' })).toBe(true)
    expect(isWaiting({ state: 'queued', run_at: 5 })).toBe(false)
    expect(isWaiting({ state: 'scheduled', run_at: 5 })).toBe(false)
    expect(isWaiting({ state: 'running' })).toBe(false)
  })
})
