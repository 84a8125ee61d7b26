import { describe, expect, it, vi } from 'vitest'
import type { Json, JsonObject } from '../../tools/tool.ts'
import type { Workflows } from '../workflows.ts'
import { newWorld, type World, workflowsOf } from './workflows.fixture.ts'

const FOREVER = 10 * 24 * 60 * 60 * 1000
const MIB = 1024 * 1024

async function opened(init = {}): Promise<{ world: World; workflows: Workflows }> {
  const world = newWorld()
  const workflows = workflowsOf(world, init)
  await workflows.start()
  return { world, workflows }
}

async function run(world: World, workflows: Workflows, workflow: JsonObject, input: Json = {}) {
  const { workflow_id: id } = await workflows.submit('me', { workflow, input })
  let over = false
  const stop = workflows.onChange(head => {
    if (head.workflow_id === id && head.ended_at !== undefined) over = true
  })
  await world.clock.pass(FOREVER, () => over)
  stop()
  return workflows.result(id)
}

/** Workflows over a list of workflows over a list, `levels` deep. */
function nested(levels: number, items: Json[]): JsonObject {
  const step: JsonObject =
    levels === 0
      ? { id: 's', tool: 'work', params: {} }
      : { id: 's', workflow: nested(levels - 1, items), for_each: { items } }
  return { name: `level${levels}`, steps: [step] }
}

describe('what one workflow can take', () => {
  it('is few sub-workflows at once, however they lie in one another', async () => {
    // Room for four at each depth.
    const { world, workflows } = await opened({ limits: { childSteps: 804 } })
    const create = vi.spyOn(world.store, 'create')
    let most = 0
    workflows.onChange(() => {
      void workflows.counts().then(({ running, waiting }) => {
        most = Math.max(most, running + waiting)
      })
    })
    const outcome = await run(world, workflows, nested(3, [1, 2, 3, 4, 5, 6, 7]))
    expect(outcome.state).toBe('succeeded')
    expect(create.mock.calls.flatMap(([all]) => all)).toHaveLength(1 + 7 + 49 + 343)
    expect(most).toBeLessThanOrEqual(1 + 3 * 4)
  })

  it('is few sub-workflows at once: those that wait are ended by a cancel', async () => {
    const { world, workflows } = await opened({ limits: { childSteps: 804 } })
    world.tasks.outcome = () => ({})
    const { workflow_id: id } = await workflows.submit('me', { workflow: nested(2, [1, 2, 3, 4, 5, 6]) })
    await world.clock.pass(1_000, () => world.tasks.byKey.size === 4)
    expect(world.tasks.byKey.size).toBe(4)
    await workflows.cancel(id, 'me', 'enough')
    await world.clock.pass(60_000)
    expect(await workflows.head(id)).toMatchObject({ state: 'cancelled' })
    expect(await workflows.counts()).toMatchObject({ running: 0, waiting: 0 })
  })

  it('is few large texts at once that its sub-workflows are made of', async () => {
    const { world, workflows } = await opened()
    let most = 0
    let now = 0
    const keep = world.bodies.keep.bind(world.bodies)
    vi.spyOn(world.bodies, 'keep').mockImplementation((text, field) => {
      const kept = keep(text, field)
      if (!(kept instanceof Promise)) return kept
      now += 1
      most = Math.max(most, now)
      return kept.finally(() => {
        now -= 1
      })
    })
    const inner = { name: 'inner', steps: [{ id: 'a', tool: 'work', params: { text: 'x'.repeat(2 * MIB) } }] }
    const each = { id: 'each', workflow: inner, for_each: { items: Array.from({ length: 30 }, () => 1) } }
    const outcome = await run(world, workflows, { name: 'outer', steps: [each], output: null })
    expect(outcome.state).toBe('succeeded')
    expect(most).toBeLessThanOrEqual(4)
  })

  it('is few lists at once', async () => {
    const { world, workflows } = await opened({ limits: { lists: 3 } })
    const steps = Array.from({ length: 40 }, (_, n) => ({
      id: `s${n}`,
      tool: 'work',
      for_each: { items: { $expr: '[1..5]' } },
      params: {},
    }))
    const outcome = await run(world, workflows, { name: 'lists', steps, output: null })
    expect(outcome.state).toBe('succeeded')
    expect(world.tasks.byKey.size).toBe(200)
    expect(world.tasks.mostRunning).toBeLessThanOrEqual(15)
  })

  it('is as many steps as there may be whose lists are none', async () => {
    const { world, workflows } = await opened()
    const steps = Array.from({ length: 20_000 }, (_, n) => ({
      id: `s${n}`,
      tool: 'work',
      for_each: { items: { $from: 'input', path: '/none' } },
      on_error: 'skip',
      ...(n === 0 ? {} : { depends_on: ['s0'], trigger_rule: 'all_done' }),
    }))
    const outcome = await run(world, workflows, { name: 'none', steps, output: null })
    expect(outcome).toMatchObject({ state: 'succeeded', failed_steps: 20_000 })
  })

  it('is a bounded number of steps with what else is open', async () => {
    const { world, workflows } = await opened({ limits: { openSteps: 5 } })
    world.tasks.outcome = () => ({})
    const three = { name: 'three', steps: ['a', 'b', 'c'].map(id => ({ id, tool: 'work' })) }
    const { workflow_id: id } = await workflows.submit('me', { workflow: three })
    await expect(workflows.submit('me', { workflow: three })).rejects.toMatchObject({ code: 'queue_full' })
    await workflows.cancel(id, 'me', 'enough')
    await world.clock.pass(1_000)
    await expect(workflows.submit('me', { workflow: three })).resolves.toMatchObject({ state: 'running' })
  })

  it('is one read of what many steps begin with', async () => {
    const { world, workflows } = await opened()
    const bodies = vi.spyOn(world.store, 'bodies')
    const steps = Array.from({ length: 500 }, (_, n) => ({
      id: `s${n}`,
      tool: 'work',
      for_each: { items: { $from: 'input', path: '/list' } },
      params: {},
    }))
    const outcome = await run(world, workflows, { name: 'many', steps }, { list: [] })
    expect(outcome.state).toBe('succeeded')
    expect(bodies.mock.calls.filter(([, keys]) => keys.some(({ of }) => of === 'input'))).toHaveLength(1)
  })

  it('is no more than a body of all that one template refers to', async () => {
    const { world, workflows } = await opened()
    const text = 'x'.repeat(MIB)
    world.tasks.outcome = ({ key }) => ({ ms: 1, result: key.includes('/each/') ? text : 'small' })
    const items = Array.from({ length: 70 }, (_, n) => n)
    const outcome = await run(world, workflows, {
      name: 'large',
      steps: [
        { id: 'each', tool: 'work', for_each: { items }, params: {} },
        { id: 'all', tool: 'work', params: { first: { $from: 'each', path: '/0' } }, on_error: 'skip' },
      ],
    })
    expect(outcome).toMatchObject({ state: 'succeeded', failed_steps: 1 })
    const [, all] = await workflows.steps(outcome.workflow_id, { limit: 2 })
    expect(all).toMatchObject({
      state: 'failed',
      error: { code: 'invalid_input', allowed: expect.stringContaining('characters of JSON together') },
    })
    expect(await workflows.step(outcome.workflow_id, 'each')).not.toHaveProperty('output')
    expect(await workflows.step(outcome.workflow_id, 'each', { item: 69 })).toMatchObject({ output: text })
  })

  it('is a bounded number of signals that wait, and what is refused leaves nothing in the history', async () => {
    const { world, workflows } = await opened({ limits: { signalsWaiting: 3 } })
    const { workflow_id: id } = await workflows.submit('me', {
      workflow: {
        name: 'two',
        steps: [
          { id: 'first', wait: { signal: 'first' } },
          { id: 'go', wait: { signal: 'go' }, depends_on: ['first'] },
        ],
      },
    })
    for (let n = 0; n < 3; n++) await workflows.signal(id, 'me', 'go', n)
    await world.clock.pass(100)
    const { seq } = await workflows.head(id)
    await expect(workflows.signal(id, 'me', 'go', 3)).rejects.toMatchObject({ code: 'queue_full' })
    await world.clock.pass(100)
    expect(await workflows.head(id)).toMatchObject({ seq })
  })

  it('is an input that fits, again when it is rescheduled with another one', async () => {
    const { world, workflows } = await opened()
    const workflow = {
      name: 'one',
      input_schema: { type: 'object', required: ['n'] },
      steps: [{ id: 'a', tool: 'work' }],
    }
    const { workflow_id: id } = await run(world, workflows, workflow, { n: 1 })
    const other = { from: 'a', input: {} }
    await expect(workflows.reschedule(id, 'me', other)).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field: '/input/n' },
    })
  })
})
