import { describe, expect, it } from 'vitest'
import { compile } from '../definition/compile.ts'
import { parseDefinition } from '../definition/parse.ts'
import type { NewEvent } from '../ownership/engine-port.ts'
import type { WorkflowEvent } from '../workflow.ts'
import { Progress } from './progress.ts'
import { anyTool } from './test-tasks.fixture.ts'

function progressOf(steps: Record<string, string[]>): {
  progress: Progress
  tell: (...events: NewEvent[]) => void
} {
  const definition = parseDefinition({
    name: 'w',
    steps: Object.entries(steps).map(([id, depends_on]) => ({ id, tool: 'work', params: {}, depends_on })),
  })
  const progress = new Progress(compile(definition, { tool: anyTool }))
  const tell = (...events: NewEvent[]) => {
    for (const event of events) progress.apply({ seq: progress.seq + 1, at: 1, ...event } as WorkflowEvent)
  }
  return { progress, tell }
}

const started = (step: string): NewEvent => ({
  kind: 'step_started',
  step,
  generation: 1,
  task_id: `task-${step}`,
})
const ended = (step: string, state: 'succeeded' | 'failed'): NewEvent => ({
  kind: 'step_ended',
  step,
  generation: 1,
  state,
  ...(state === 'failed'
    ? { fatal: true as const, error: { code: 'tool_failed', message: 'broken', retryable: false } }
    : {}),
})

describe('progress', () => {
  it('tells what an end makes ready, once', () => {
    const { progress, tell } = progressOf({ a: [], b: [], c: ['a', 'b'] })
    expect(progress.takeDecided()).toEqual([0, 1])
    tell(started('a'), ended('a', 'succeeded'), started('b'))
    expect(progress.takeDecided()).toEqual([])
    tell(ended('b', 'succeeded'))
    expect(progress.takeDecided()).toEqual([2])
    expect(progress.takeDecided()).toEqual([])
  })

  it('dooms what depends on a failed step before the others have ended', () => {
    const { progress, tell } = progressOf({ a: [], b: [], c: ['a', 'b'] })
    progress.takeDecided()
    tell(started('a'), started('b'), ended('a', 'failed'))
    expect(progress.takeDecided()).toEqual([2])
    expect(progress.fate(2)).toEqual({ skip: 'depends on a, which failed' })
    expect(progress.failure).toMatchObject({ code: 'tool_failed', message: 'step a failed: broken' })
  })

  it('makes what is rescheduled pending again with all that follows, and keeps the rest', () => {
    const { progress, tell } = progressOf({ a: [], b: ['a'], c: ['b'], d: ['a'] })
    tell(
      started('a'),
      ended('a', 'succeeded'),
      started('b'),
      ended('b', 'failed'),
      started('d'),
      ended('d', 'succeeded'),
    )
    tell({ kind: 'step_ended', step: 'c', generation: 1, state: 'skipped' })
    tell({ kind: 'ended', state: 'failed' }, { kind: 'rescheduled', by: 'me', generation: 2, steps: ['b'] })
    expect([0, 1, 2, 3].map(index => [progress.stateOf(index), progress.generationOf(index)])).toEqual([
      ['succeeded', 1],
      ['pending', 2],
      ['pending', 2],
      ['succeeded', 1],
    ])
    expect(progress.failure).toBeUndefined()
    expect(progress.takeDecided()).toContain(1)
  })

  it('cancels what has not ended when the workflow ends', () => {
    const { progress, tell } = progressOf({ a: [], b: ['a'] })
    tell(started('a'), { kind: 'ended', state: 'cancelled' })
    expect(progress.counts).toMatchObject({ cancelled: 2, pending: 0, running: 0 })
  })

  it('refuses a history that cannot be', () => {
    const { progress, tell } = progressOf({ a: [] })
    expect(() => progress.apply({ seq: 2, at: 1, kind: 'submitted', by: 'me' })).toThrow('event 2 after 0')
    tell(started('a'), ended('a', 'succeeded'))
    expect(() => tell(ended('a', 'succeeded'))).toThrow('step a cannot be succeeded after succeeded')
    expect(() => tell(started('b'))).toThrow('there is no step b')
  })
})
