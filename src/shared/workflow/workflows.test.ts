import { describe, expect, it } from 'vitest'
import { ToolmeshError } from '../errors.ts'
import { Catalogue } from '../tools/catalogue.ts'
import type { Json, JsonObject } from '../tools/tool.ts'
import type { WorkflowDefinition } from './definition/definition.ts'
import { newWorld, type World, workflowsOf } from './engine/workflows.fixture.ts'
import type { WorkflowOutcome } from './status.ts'
import type { Workflows } from './workflows.ts'

const FOREVER = 10 * 24 * 60 * 60 * 1000

async function opened(world = newWorld(), init = {}): Promise<{ world: World; workflows: Workflows }> {
  const workflows = workflowsOf(world, init)
  await workflows.start()
  return { world, workflows }
}

/** Runs it to its end, whatever time that takes. */
async function run(
  definition: JsonObject | WorkflowDefinition,
  given: { input?: Json; world?: World; outcome?: World['tasks']['outcome'] } = {},
): Promise<{ id: string; outcome: WorkflowOutcome; world: World; workflows: Workflows }> {
  const { world, workflows } = await opened(given.world)
  if (given.outcome !== undefined) world.tasks.outcome = given.outcome
  const { workflow_id: id } = await workflows.submit('me', {
    workflow: definition as WorkflowDefinition,
    ...(given.input === undefined ? {} : { input: given.input }),
  })
  await ended(world, workflows, id)
  return { id, outcome: await workflows.result(id), world, workflows }
}

async function ended(world: World, workflows: Workflows, id: string): Promise<void> {
  let over = false
  const stop = workflows.onChange(head => {
    if (head.workflow_id === id && head.ended_at !== undefined) over = true
  })
  if ((await workflows.head(id)).ended_at === undefined) await world.clock.pass(FOREVER, () => over)
  stop()
  expect((await workflows.head(id)).ended_at).toBeDefined()
}

async function stateOf(workflows: Workflows, id: string): Promise<Record<string, string>> {
  const steps = await workflows.steps(id, { limit: 1_000 })
  return Object.fromEntries(steps.map(({ id, state }) => [id, state]))
}

const failing = (key: string) => (task: { key: string }) =>
  task.key.includes(key)
    ? { ms: 1, error: { code: 'tool_failed', message: 'broken', retryable: false } as const }
    : { ms: 1, result: { done: true } }

describe('a workflow', () => {
  it('runs its steps in order and passes outputs on', async () => {
    const { outcome } = await run(
      {
        name: 'sequence',
        steps: [
          { id: 'a', tool: 'work', params: { n: { $from: 'input', path: '/n' } } },
          {
            id: 'b',
            tool: 'work',
            params: { n: { $from: 'a', path: '/n' }, twice: { $expr: 'steps.a.n * 2' } },
          },
          { id: 'c', tool: 'work', params: { all: { $from: 'b' } } },
        ],
      },
      { input: { n: 21 } },
    )
    expect(outcome).toMatchObject({ state: 'succeeded', result: { c: { all: { n: 21, twice: 42 } } } })
  })

  it('starts a step the moment that what it needs is there, whatever others take', async () => {
    const { workflows, world } = await opened()
    const order: string[] = []
    world.tasks.outcome = task => {
      order.push(task.key.split('/')[2] ?? '')
      return { ms: task.key.includes('/slow/') ? 1_000 : 1, result: {} }
    }
    const { workflow_id } = await workflows.submit('me', {
      workflow: {
        name: 'levels',
        steps: [
          { id: 'slow', tool: 'work', params: {} },
          { id: 'quick', tool: 'work', params: {} },
          { id: 'after', tool: 'work', params: {}, depends_on: ['quick'] },
          { id: 'last', tool: 'work', params: {}, depends_on: ['after', 'slow'] },
        ],
      },
    })
    await world.clock.pass(500)
    expect(order).toEqual(['slow', 'quick', 'after'])
    await ended(world, workflows, workflow_id)
    expect(order).toEqual(['slow', 'quick', 'after', 'last'])
  })

  it('skips what depends on a failed step, with the reason, and lets the rest go on', async () => {
    const { outcome, workflows, id } = await run(
      {
        name: 'diamond',
        steps: [
          { id: 'fetch', tool: 'work', params: {} },
          { id: 'bad', tool: 'work', params: {}, depends_on: ['fetch'] },
          { id: 'good', tool: 'work', params: {}, depends_on: ['fetch'] },
          { id: 'join', tool: 'work', params: {}, depends_on: ['bad', 'good'] },
          { id: 'report', tool: 'work', params: {}, depends_on: ['join'] },
          { id: 'tidy', tool: 'work', params: {}, depends_on: ['join'], trigger_rule: 'all_done' },
        ],
      },
      { outcome: failing('/bad/') },
    )
    expect(outcome).toMatchObject({ state: 'failed', error: { message: 'step bad failed: broken' } })
    expect(await stateOf(workflows, id)).toEqual({
      fetch: 'succeeded',
      bad: 'failed',
      good: 'succeeded',
      join: 'skipped',
      report: 'skipped',
      tidy: 'succeeded',
    })
    const [join, report] = (await workflows.steps(id, { limit: 10 })).slice(3)
    expect(join?.reason).toBe('depends on bad, which failed')
    expect(report?.reason).toBe('depends on join, which was skipped')
  })

  it('goes on as on_error says', async () => {
    const { outcome, workflows, id } = await run(
      {
        name: 'errors',
        steps: [
          { id: 'bad1', tool: 'work', params: {}, on_error: 'skip' },
          {
            id: 'bad2',
            tool: 'work',
            params: {},
            on_error: { continue: { why: { $from: 'error', path: '/code' } } },
          },
          {
            id: 'bad3',
            tool: 'work',
            params: {},
            on_error: {
              run: { tool: 'undo', params: { e: { $from: 'error', path: '/message' } } },
              // biome-ignore lint/suspicious/noThenProperty: the word of the definition
              then: 'continue',
            },
          },
          { id: 'after1', tool: 'work', params: {}, depends_on: ['bad1'] },
          { id: 'after2', tool: 'fetch', params: { v: { $from: 'bad2' } } },
          { id: 'after3', tool: 'fetch', params: { v: { $from: 'bad3' } } },
        ],
      },
      {
        outcome: task => {
          if (task.request.tool === 'work')
            return { ms: 1, error: { code: 'tool_failed', message: 'broken', retryable: false } }
          return { ms: 1, result: task.request.params }
        },
      },
    )
    expect(outcome).toMatchObject({
      state: 'succeeded',
      failed_steps: 3,
      result: { after1: null, after2: { v: { why: 'tool_failed' } }, after3: { v: { e: 'broken' } } },
    })
    const steps = await workflows.steps(id, { limit: 10 })
    expect(steps[2]).toMatchObject({
      state: 'failed',
      continued: true,
      compensation_task_id: expect.any(String),
    })
  })

  it('runs a step for each item, no more at once than it says, and keeps the order', async () => {
    const { outcome, world } = await run(
      {
        name: 'map',
        steps: [
          {
            id: 'map',
            tool: 'work',
            for_each: { items: { $from: 'input', path: '/list' }, concurrency: 7 },
            params: { item: { $from: 'item' }, at: { $from: 'index' } },
          },
          { id: 'reduce', tool: 'work', params: { total: { $expr: '$sum(steps.map.item)' } } },
        ],
      },
      {
        input: { list: Array.from({ length: 50 }, (_, n) => n) },
        outcome: task => ({ ms: 50 - Number(task.request.params.at ?? 0), result: task.request.params }),
      },
    )
    expect(outcome).toMatchObject({ state: 'succeeded', result: { reduce: { total: 1225 } } })
    expect(world.tasks.mostRunning).toBe(7)
  })

  it('bears failed items up to max_failed, and fails with one more', async () => {
    const map = (max_failed: number) => ({
      name: 'map',
      steps: [
        {
          id: 'map',
          tool: 'work',
          for_each: { items: [1, 2, 3, 4], concurrency: 1, max_failed },
          params: {},
        },
      ],
    })
    const twoFail = (task: { key: string }) =>
      /\/[12]$/.test(task.key)
        ? { ms: 1, error: { code: 'tool_failed', message: 'broken', retryable: false } as const }
        : { ms: 1, result: 'ok' }
    const borne = await run(map(2), { outcome: twoFail })
    expect(borne.outcome).toMatchObject({ state: 'succeeded', result: { map: ['ok', null, null, 'ok'] } })
    const failed = await run(map(1), { outcome: twoFail })
    expect(failed.outcome).toMatchObject({
      state: 'failed',
      error: { message: 'step map failed: 2 of 4 items failed, of which 1 are borne' },
    })
    expect(failed.world.tasks.byKey.size).toBe(3)
    const [step] = await failed.workflows.steps(failed.id, { limit: 1 })
    expect(step?.items).toEqual({ total: 4, running: 0, succeeded: 1, failed: 2, cancelled: 0 })
  })

  it('skips a step whose condition is false', async () => {
    const { outcome, workflows, id } = await run({
      name: 'when',
      steps: [
        { id: 'a', tool: 'work', params: { n: 3 } },
        { id: 'yes', tool: 'work', params: {}, when: 'steps.a.n > 2' },
        { id: 'no', tool: 'work', params: {}, when: 'steps.a.n > 3' },
      ],
    })
    expect(outcome.state).toBe('succeeded')
    const steps = await workflows.steps(id, { limit: 3 })
    expect(steps.map(({ state, reason }) => reason ?? state)).toEqual([
      'succeeded',
      'succeeded',
      'its condition was false',
    ])
  })

  it('waits for a time and for a signal, whenever it comes', async () => {
    const { world, workflows } = await opened()
    const { workflow_id: id } = await workflows.submit('me', {
      workflow: {
        name: 'waits',
        steps: [
          { id: 'pause', wait: { ms: 60_000 } },
          {
            id: 'ask',
            wait: {
              signal: 'approval',
              message: 'Go on?',
              schema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
            },
            depends_on: ['pause'],
          },
          { id: 'go', tool: 'work', params: { said: { $from: 'ask', path: '/ok' } } },
        ],
      },
    })
    await world.clock.pass(100)
    expect(await workflows.result(id)).toMatchObject({
      state: 'waiting',
      waiting_for: [{ step: 'pause', until: expect.any(Number) }],
    })
    await expect(workflows.signal(id, 'me', 'approvel', {})).rejects.toThrow(
      '/signal: got "approvel", allowed: one of approval',
    )
    await expect(workflows.signal(id, 'me', 'approval', { ok: 'yes' })).rejects.toThrow('/payload/ok')
    await workflows.signal(id, 'me', 'approval', { ok: true })
    await ended(world, workflows, id)
    expect((await workflows.result(id)).result).toEqual({ go: { said: true } })
  })

  it('gives no signal to a step whose condition is not known yet', async () => {
    const world = newWorld()
    const asked = Promise.withResolvers<Json>()
    const { workflows } = await opened(world, { evaluate: () => asked.promise })
    const { workflow_id: id } = await workflows.submit('me', {
      workflow: { name: 'w', steps: [{ id: 'a', wait: { signal: 's' }, when: '1 > 2' }] },
    })
    await workflows.signal(id, 'me', 's', null)
    await world.clock.pass(1_000)
    asked.resolve(false)
    await ended(world, workflows, id)
    expect(await stateOf(workflows, id)).toEqual({ a: 'skipped' })
  })

  it('ends what runs and what waits when it is cancelled, with the reason', async () => {
    const { world, workflows } = await opened()
    world.tasks.outcome = () => ({})
    const { workflow_id: id } = await workflows.submit('me', {
      workflow: {
        name: 'long',
        steps: [
          { id: 'a', tool: 'work', params: {} },
          { id: 'wait', wait: { signal: 's' } },
          { id: 'b', tool: 'work', params: {}, depends_on: ['a'] },
        ],
      },
    })
    await world.clock.pass(10)
    await workflows.cancel(id, 'me', 'not needed')
    await ended(world, workflows, id)
    expect(await workflows.result(id)).toMatchObject({
      state: 'cancelled',
      error: { code: 'cancelled', message: 'not needed' },
    })
    expect(world.tasks.of('/a/-')?.state).toBe('cancelled')
    const steps = await workflows.steps(id, { limit: 3 })
    expect(steps.map(({ state, reason }) => [state, reason])).toEqual(
      Array(3).fill(['cancelled', 'not needed']),
    )
    await expect(workflows.cancel(id, 'me', 'again')).rejects.toThrow('has ended cancelled')
  })

  it('limits the time of a step and of the whole', async () => {
    const step = await run(
      {
        name: 'slow',
        steps: [
          { id: 'a', tool: 'work', params: {}, timeout_ms: 1_000 },
          { id: 'b', wait: { signal: 's' }, timeout_ms: 5 },
        ],
      },
      { outcome: () => ({}) },
    )
    expect(step.outcome).toMatchObject({ state: 'failed', error: { code: 'timed_out' } })
    expect(await stateOf(step.workflows, step.id)).toEqual({ a: 'failed', b: 'failed' })
    const whole = await run(
      { name: 'slow', timeout_ms: 1_000, steps: [{ id: 'a', tool: 'work', params: {} }] },
      { outcome: () => ({}) },
    )
    expect(whole.outcome).toMatchObject({
      state: 'failed',
      error: { code: 'timed_out', message: 'the workflow took longer than its 1000 ms' },
    })
    expect(await stateOf(whole.workflows, whole.id)).toEqual({ a: 'cancelled' })
  })

  it('runs workflows in workflows, inline and stored, and for each of a list', async () => {
    const world = newWorld()
    const { workflows } = await opened(world)
    await workflows.define('me', {
      definition: {
        name: 'child',
        steps: [{ id: 'x', tool: 'work', params: { got: { $from: 'input' } } }],
        output: { $from: 'x', path: '/got' },
      },
    })
    await workflows.close()
    const { outcome, id } = await run(
      {
        name: 'parent',
        steps: [
          {
            id: 'inline',
            workflow: {
              name: 'in',
              steps: [{ id: 'y', tool: 'work', params: { v: { $from: 'input', path: '/v' } } }],
            },
            input: { v: 1 },
          },
          { id: 'stored', workflow: { name: 'child' }, input: { $from: 'inline' } },
          {
            id: 'each',
            workflow: { name: 'child', version: '1' },
            for_each: { items: [1, 2, 3] },
            input: { n: { $from: 'item' } },
          },
        ],
      },
      { world },
    )
    expect(outcome).toMatchObject({
      state: 'succeeded',
      result: { stored: { y: { v: 1 } }, each: [{ n: 1 }, { n: 2 }, { n: 3 }] },
    })
    const family = [...(await world.store.list({ parent: id, order: 'oldest', limit: 10 })).workflows]
    expect(family).toHaveLength(5)
    expect(new Set(family.map(({ root_id }) => root_id))).toEqual(new Set([id]))
  })

  it('cancels its children', async () => {
    const { world, workflows } = await opened()
    world.tasks.outcome = () => ({})
    const { workflow_id: id } = await workflows.submit('me', {
      workflow: {
        name: 'parent',
        steps: [{ id: 'in', workflow: { name: 'in', steps: [{ id: 'y', tool: 'work', params: {} }] } }],
      },
    })
    await world.clock.pass(10)
    await workflows.cancel(id, 'me', 'enough')
    await ended(world, workflows, id)
    const { workflows: family } = await world.store.list({ parent: id, order: 'oldest', limit: 10 })
    expect(family.map(({ state }) => state)).toEqual(['cancelled'])
    expect(world.tasks.of('/y/-')?.state).toBe('cancelled')
  })

  it('runs failed steps anew, and keeps what others gave', async () => {
    const world = newWorld()
    const { workflows, id, outcome } = await run(
      {
        name: 'again',
        steps: [
          { id: 'a', tool: 'work', params: {} },
          { id: 'b', tool: 'work', params: {}, depends_on: ['a'] },
          { id: 'c', tool: 'work', params: {}, depends_on: ['b'] },
        ],
      },
      { world, outcome: failing('/b/') },
    )
    expect(outcome.state).toBe('failed')
    world.tasks.outcome = () => ({ ms: 1, result: { fine: true } })
    expect(await workflows.reschedule(id, 'me', {})).toEqual({ generation: 2, steps: ['b'] })
    await ended(world, workflows, id)
    expect(await workflows.result(id)).toMatchObject({ state: 'succeeded', result: { c: { fine: true } } })
    expect([...world.tasks.byKey.keys()].map(key => key.split('/').slice(1, 3).join(' '))).toEqual([
      '1 a',
      '1 b',
      '2 b',
      '2 c',
    ])
    expect(await workflows.reschedule(id, 'me', { from: 'a', input: { n: 2 } })).toEqual({
      generation: 3,
      steps: ['a'],
    })
    await ended(world, workflows, id)
    expect(world.tasks.byKey.size).toBe(7)
  })

  it('runs what two ask for at once, one beside the other', async () => {
    const { workflows, world } = await opened()
    const { workflow_id: id } = await workflows.submit('me', {
      workflow: {
        name: 'w',
        steps: [
          { id: 'a', tool: 'work', params: {} },
          { id: 'b', tool: 'work', params: {} },
          { id: 'join', tool: 'work', params: { all: [{ $from: 'a' }, { $from: 'b' }] } },
          { id: 'ask', wait: { signal: 's' } },
        ],
      },
    })
    await world.clock.pass(1_000)
    await Promise.all(
      ['a', 'b'].map(step => world.store.request(id, { kind: 'reschedule', by: 'me', steps: [step] })),
    )
    await world.clock.pass(1_000)
    await workflows.signal(id, 'me', 's', null)
    await ended(world, workflows, id)
    const steps = await workflows.steps(id, { limit: 3 })
    expect(steps.map(({ state, generation }) => [state, generation])).toEqual([
      ['succeeded', 2],
      ['succeeded', 3],
      ['succeeded', 3],
    ])
  })

  it('refuses to run anew what runs', async () => {
    const { world, workflows } = await opened()
    world.tasks.outcome = () => ({})
    const { workflow_id: id } = await workflows.submit('me', {
      workflow: { name: 'w', steps: [{ id: 'a', tool: 'work', params: {} }] },
    })
    await world.clock.pass(100)
    await expect(workflows.reschedule(id, 'me', { from: 'a' })).rejects.toThrow(
      'what would run anew still runs: a',
    )
  })

  it('takes results of pure tools from the cache where it may', async () => {
    const kept = new Map<string, string>()
    const cache = {
      get: async (key: string) => kept.get(key),
      set: async (key: string, body: unknown) => void kept.set(key, String(body)),
    }
    const { world, workflows } = await opened(newWorld(), { cache })
    const workflow: WorkflowDefinition = {
      name: 'w',
      steps: [{ id: 'a', tool: 'work', params: { n: 1 }, cache: true }],
    }
    const ids: string[] = []
    for (let n = 0; n < 2; n++) {
      const { workflow_id } = await workflows.submit('me', { workflow })
      await ended(world, workflows, workflow_id)
      ids.push(workflow_id)
    }
    expect(world.tasks.byKey.size).toBe(1)
    const [step] = await workflows.steps(ids[1] ?? '', { limit: 1 })
    expect(step).toMatchObject({ state: 'succeeded', cached: true })
    expect((await workflows.result(ids[1] ?? '')).result).toEqual({ a: { n: 1 } })
  })

  it('waits while the queue is full, and loses nothing', async () => {
    const { world, workflows } = await opened()
    world.tasks.full = new ToolmeshError('queue_full', 'full', { retry_after_ms: 500 })
    const { workflow_id: id } = await workflows.submit('me', {
      workflow: {
        name: 'w',
        steps: [
          { id: 'a', tool: 'work', params: {} },
          { id: 'b', tool: 'work', params: {} },
        ],
      },
    })
    await world.clock.pass(10_000)
    expect(world.tasks.byKey.size).toBe(0)
    world.tasks.full = undefined
    await ended(world, workflows, id)
    expect((await workflows.result(id)).state).toBe('succeeded')
  })

  it('fails the steps of who may run nothing any more', async () => {
    const { world, workflows } = await opened(newWorld(), {
      mayRun: () => ({ code: 'forbidden', message: 'me may submit no tasks (any more)', retryable: false }),
    })
    const { workflow_id: id } = await workflows.submit('me', {
      workflow: { name: 'w', steps: [{ id: 'a', tool: 'work', params: {} }] },
    })
    await ended(world, workflows, id)
    expect((await workflows.result(id)).error).toMatchObject({ code: 'forbidden' })
  })

  it('fails each of many items that end at once, without nesting as deep', async () => {
    const { world, workflows } = await opened(newWorld(), {
      mayRun: () => ({ code: 'forbidden', message: 'no', retryable: false }),
    })
    const count = 20_000
    const { workflow_id: id } = await workflows.submit('me', {
      workflow: {
        name: 'w',
        steps: [
          {
            id: 'map',
            tool: 'work',
            params: {},
            for_each: { items: { $from: 'input' }, max_failed: count },
          },
        ],
        output: { $from: 'input', path: '/0' },
      },
      input: Array.from({ length: count }, (_, n) => n),
    })
    await ended(world, workflows, id)
    expect(await workflows.result(id)).toMatchObject({ state: 'succeeded', result: 0 })
    expect((await workflows.step(id, 'map')).items?.failed).toBe(count)
  })

  it('is cancelled at any moment, and then nothing of it runs', async () => {
    for (let ms = 0; ms < 60; ms += 3) {
      const { world, workflows } = await opened()
      world.tasks.outcome = task => ({ ms: 4, result: task.request.params })
      const { workflow_id: id } = await workflows.submit('me', {
        workflow: {
          name: 'w',
          steps: [
            { id: 'a', tool: 'work', params: {} },
            {
              id: 'map',
              tool: 'work',
              params: {},
              for_each: { items: [1, 2, 3, 4], concurrency: 2 },
              depends_on: ['a'],
            },
            {
              id: 'in',
              workflow: { name: 'in', steps: [{ id: 'y', tool: 'work', params: {} }] },
              depends_on: ['a'],
            },
            { id: 'b', tool: 'work', params: { all: { $from: 'map' } } },
          ],
        },
      })
      await world.clock.pass(ms)
      await workflows.cancel(id, 'me', 'enough').catch(() => {})
      await ended(world, workflows, id)
      await world.clock.pass(1_000)
      const { state } = await workflows.result(id)
      const open = [...world.tasks.byKey.values()].filter(task => task.end === undefined)
      expect(open).toEqual([])
      expect(['cancelled', 'succeeded']).toContain(state)
      const steps = Object.values(await stateOf(workflows, id))
      if (state === 'succeeded') expect(new Set(steps)).toEqual(new Set(['succeeded']))
      else expect(steps.every(each => each === 'succeeded' || each === 'cancelled')).toBe(true)
      const { workflows: children } = await world.store.list({ parent: id, order: 'oldest', limit: 9 })
      for (const child of children) expect(child.ended_at).toBeDefined()
      await workflows.close()
    }
  })

  it('stays to be read, and goes on, when a tool of it is no longer there', async () => {
    const world = newWorld()
    const { workflows: before } = await opened(world)
    const { workflow_id: id } = await before.submit('me', {
      workflow: {
        name: 'w',
        steps: [
          { id: 'ask', wait: { signal: 's' } },
          { id: 'a', tool: 'work', params: {}, depends_on: ['ask'] },
        ],
      },
    })
    await world.clock.pass(100)
    await before.close()
    const { workflows } = await opened(world, { tools: new Catalogue([]) })
    expect((await workflows.steps(id, { limit: 2 })).map(({ state }) => state)).toEqual([
      'waiting',
      'pending',
    ])
    await workflows.signal(id, 'me', 's', null)
    world.tasks.refusal = new ToolmeshError('invalid_input', 'no such tool')
    await ended(world, workflows, id)
    expect((await workflows.result(id)).error?.message).toBe('step a failed: no such tool')
  })

  it('is the same one for the same idempotency key, and a conflict for another request', async () => {
    const { workflows } = await opened()
    const workflow: WorkflowDefinition = { name: 'w', steps: [{ id: 'a', tool: 'work', params: {} }] }
    const first = await workflows.submit('me', { workflow, idempotency_key: 'k' })
    expect(await workflows.submit('me', { workflow, idempotency_key: 'k' })).toMatchObject({
      workflow_id: first.workflow_id,
      deduplicated: true,
    })
    await expect(
      workflows.submit('me', { workflow, input: { other: 1 }, idempotency_key: 'k' }),
    ).rejects.toThrow('belongs to workflow')
    await expect(workflows.submit('me', { workflow, idempotency_key: 'workflow:x' })).rejects.toThrow(
      'does not begin with workflow:',
    )
  })

  it('goes on after a restart, and runs nothing twice', async () => {
    const world = newWorld()
    const { workflows: before } = await opened(world)
    world.tasks.outcome = task => (task.key.includes('/b/') ? {} : { ms: 1, result: 1 })
    const { workflow_id: id } = await before.submit('me', {
      workflow: {
        name: 'w',
        steps: [
          { id: 'a', tool: 'work', params: {} },
          { id: 'b', tool: 'work', params: {}, depends_on: ['a'] },
          { id: 'c', tool: 'work', params: {}, depends_on: ['b'] },
        ],
      },
    })
    await world.clock.pass(1_000)
    await before.close()
    const b = world.tasks.of('/b/-')
    if (b === undefined) throw new Error('b did not start')
    world.tasks.end(b, { result: 2 })
    const { workflows } = await opened(world)
    await ended(world, workflows, id)
    expect((await workflows.result(id)).state).toBe('succeeded')
    expect(world.tasks.byKey.size).toBe(3)
  })
})
