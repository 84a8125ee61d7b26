import { beforeEach, describe, expect, it } from 'vitest'
import { alice, bob, reader } from '../mesh-tools.fixture.ts'
import { step, WorkflowTools } from './workflows.fixture.ts'

let tools: WorkflowTools
beforeEach(async () => {
  tools = await WorkflowTools.open()
})

/** A diamond with one branch that fails, and a list. */
async function diamond(): Promise<string> {
  tools.run = input => {
    if (Object(input).n === 13) throw new Error('unlucky')
    return { got: input }
  }
  const id = await tools.submitted([
    step('a', { title: 'The first' }),
    step('bad', { depends_on: ['a'], params: { n: 13 } }),
    step('list', {
      depends_on: ['a'],
      for_each: { items: [1, 13, 3], max_failed: 1 },
      params: { n: { $from: 'item' } },
    }),
    step('after-bad', { depends_on: ['bad'] }),
    step('after-list', { depends_on: ['list'] }),
  ])
  await tools.ended(id)
  return id
}

describe('p2p_workflow_status', () => {
  it('shows the workflow and every step, with the reason of what did not run', async () => {
    const workflow_id = await diamond()
    expect(await tools.call('status', { workflow_id })).toMatchObject({
      workflow_id,
      name: 'digest',
      state: 'failed',
      error: { message: expect.stringContaining('bad') },
      step_counts: { pending: 0, running: 0, succeeded: 3, failed: 1, skipped: 1 },
      owner: { fence: 1, why: expect.any(String) },
      seq: expect.any(Number),
      steps: [
        { id: 'a', index: 0, title: 'The first', kind: 'task', tool: 'work', state: 'succeeded' },
        { id: 'bad', state: 'failed', depends_on: ['a'], error: { message: 'unlucky' } },
        { id: 'list', state: 'succeeded', items: { total: 3, running: 0, succeeded: 2, failed: 1 } },
        { id: 'after-bad', state: 'skipped', reason: expect.stringContaining('bad') },
        { id: 'after-list', state: 'succeeded', task_id: expect.any(String) },
      ],
    })
  })

  it('shows steps in pages, or those in some states', async () => {
    const workflow_id = await diamond()
    const first = await tools.call('status', { workflow_id, limit: 2 })
    expect(first).toMatchObject({ steps: [{ id: 'a' }, { id: 'bad' }], next_after: 1 })
    const second = await tools.call('status', { workflow_id, limit: 3, after: first.next_after ?? 0 })
    expect(second).toMatchObject({ steps: [{ id: 'list' }, { id: 'after-bad' }, { id: 'after-list' }] })
    expect(second).not.toHaveProperty('next_after')
    const odd = await tools.call('status', { workflow_id, state: ['failed', 'skipped'] })
    expect(odd).toMatchObject({ steps: [{ id: 'bad' }, { id: 'after-bad' }] })
  })

  it('shows one step with its input and output, and the items of a for_each', async () => {
    const workflow_id = await diamond()
    expect(await tools.call('status', { workflow_id, step: 'after-list' })).toMatchObject({
      steps: [{ id: 'after-list', input: {}, output: { got: {} } }],
    })
    const list = await tools.call('status', { workflow_id, step: 'list', limit: 2 })
    expect(list).toMatchObject({
      steps: [{ id: 'list', input: [1, 13, 3], output: [{ got: { n: 1 } }, null, { got: { n: 3 } }] }],
      items: [
        { item: 0, state: 'succeeded' },
        { item: 1, state: 'failed', error: { message: 'unlucky' } },
      ],
      next_after: 1,
    })
    expect(await tools.call('status', { workflow_id, step: 'list', after: 1 })).toMatchObject({
      items: [{ item: 2 }],
    })
    expect(await tools.call('status', { workflow_id, step: 'list', item_state: ['failed'] })).toMatchObject({
      items: [{ item: 1 }],
    })
    expect(await tools.call('status', { workflow_id, step: 'list', item: 2 })).toMatchObject({
      steps: [{ input: { n: 3 }, output: { got: { n: 3 } } }],
      items: [{ item: 2, state: 'succeeded' }],
    })
  })

  it('refuses what does not go together, and what is not there', async () => {
    const workflow_id = await diamond()
    expect(await tools.call('status', { workflow_id, item: 1 })).toMatchObject({ field: '/item' })
    expect(await tools.call('status', { workflow_id, step: 'a', state: ['failed'] })).toMatchObject({
      field: '/state',
    })
    expect(await tools.call('status', { workflow_id, step: 'nope' })).toMatchObject({ code: 'not_found' })
    expect(await tools.call('status', { workflow_id: 'nope' })).toMatchObject({ code: 'not_found' })
  })
})

describe('p2p_workflow_get_dag', () => {
  it('gives nodes, edges and the critical path', async () => {
    const workflow_id = await diamond()
    expect(await tools.call('get_dag', { workflow_id })).toMatchObject({
      name: 'digest',
      state: 'failed',
      nodes: [
        { id: 'a', state: 'succeeded', critical: true, duration_ms: expect.any(Number) },
        { id: 'bad', state: 'failed' },
        { id: 'list', items: { total: 3 } },
        { id: 'after-bad', state: 'skipped' },
        { id: 'after-list' },
      ],
      edges: [
        { from: 'a', to: 'bad' },
        { from: 'a', to: 'list' },
        { from: 'bad', to: 'after-bad' },
        { from: 'list', to: 'after-list' },
      ],
      critical_path: { steps: ['a', expect.any(String), expect.any(String)] },
      left_out: 0,
    })
    const part = await tools.call('get_dag', { workflow_id, limit: 2 })
    expect(part).toMatchObject({ nodes: [{ id: 'a' }, {}], edges: [{ from: 'a' }], left_out: 3 })
  })

  it('draws it', async () => {
    const workflow_id = await diamond()
    const { text: mermaid } = await tools.call('get_dag', { workflow_id, format: 'mermaid' })
    expect(mermaid).toMatch(/^flowchart LR\n/)
    expect(mermaid).toContain('The first')
    const dot = await tools.call('get_dag', { workflow_id, format: 'dot' })
    expect(dot.text).toMatch(/^digraph "digest" \{\n/)
    expect(dot).toMatchObject({ critical_path: { duration_ms: expect.any(Number) } })
    expect(dot).not.toHaveProperty('nodes')
  })
})

describe('p2p_workflow_list', () => {
  it('filters, pages and counts', async () => {
    const first = await tools.submitted([step('a')], { name: 'one' })
    const second = await tools.submitted([{ id: 'w', wait: { signal: 's' } }], { name: 'two' })
    await tools.ended(first)
    await tools.reaches(second, 'waiting')
    const page = await tools.call('list', { limit: 1 })
    expect(page).toMatchObject({ workflows: [{ workflow_id: second, state: 'waiting' }] })
    expect(page).not.toHaveProperty('counts')
    expect(await tools.call('list', { limit: 1, cursor: page.next_cursor ?? '' })).toMatchObject({
      workflows: [{ workflow_id: first, step_counts: { succeeded: 1 } }],
    })
    expect(await tools.call('list', { state: 'waiting' })).toMatchObject({
      workflows: [{ workflow_id: second }],
    })
    expect(await tools.call('list', { name: 'one', order: 'oldest' })).toMatchObject({
      workflows: [{ name: 'one' }],
    })
    expect(await tools.call('list', {}, reader)).toMatchObject({
      counts: { waiting: 1, succeeded: 1, running: 0 },
    })
    expect(await tools.call('list', {}, bob)).toEqual({ workflows: [] })
    expect(await tools.call('list', { cursor: 'nonsense' })).toMatchObject({
      code: 'invalid_input',
      field: '/cursor',
    })
  })

  it('shows children only of the workflow that is named', async () => {
    const child = { name: 'child', steps: [step('a')] }
    const id = await tools.submitted([{ id: 'sub', workflow: child }])
    expect(await tools.ended(id)).toMatchObject({ result: { sub: { a: { got: {} } } } })
    expect(await tools.call('list', {})).toMatchObject({ workflows: [{ workflow_id: id }] })
    const { workflows } = await tools.call('list', { parent: id })
    expect(workflows).toMatchObject([{ name: 'child', parent: { workflow_id: id, step: 'sub' } }])
    expect(await tools.call('list', { parent: id }, bob)).toMatchObject({ code: 'not_found' })
  })
})

describe('the resources of workflows', () => {
  const read = (uri: string, principal = alice) => tools.mesh.surface.readResource(uri, principal)

  it('show all, one with its steps, and its events', async () => {
    const id = await diamond()
    const other = await tools.submitted([step('a')], {}, bob)
    await tools.ended(other, bob)
    expect(await read('mesh://workflows', reader)).toMatchObject({
      counts: { failed: 1, succeeded: 1 },
      workflows: [{ workflow_id: other }, { workflow_id: id }],
    })
    expect(await read('mesh://workflows')).toMatchObject({
      counts: { failed: 1, succeeded: 0 },
      workflows: [{ workflow_id: id }],
    })
    expect(await read(`mesh://workflows/${id}`)).toMatchObject({
      workflow_id: id,
      steps: [{ id: 'a' }, { id: 'bad' }, {}, {}, {}],
    })
    const events = await read(`mesh://workflow-events/${id}/0`)
    const { last } = Object(events)
    expect(events).toMatchObject({ workflow_id: id, next: last, events: { length: last } })
    expect(Object(events).events[0]).toMatchObject({ seq: 1, kind: 'submitted', at: expect.any(String) })
    expect(Object(events).events.at(-1)).toMatchObject({ seq: last, kind: 'ended', state: 'failed' })
    expect(await read(`mesh://workflow-events/${id}/${last}`)).toMatchObject({ events: [], next: last, last })
    for (const uri of [`mesh://workflows/${id}`, `mesh://workflow-events/${id}/0`]) {
      await expect(read(uri, bob)).rejects.toMatchObject({ name: 'UnknownResourceError' })
    }
  })

  it('tell who watches of what it may see', async () => {
    let all = 0
    let his = 0
    const { surface, test } = tools.mesh
    const stops = [
      surface.subscribe('mesh://workflows', reader, () => {
        all += 1
      }),
      surface.subscribe('mesh://workflows', bob, () => {
        his += 1
      }),
    ]
    const id = await tools.submitted([step('a')])
    await tools.ended(id)
    await test.clock.advance(1_000)
    expect(all).toBeGreaterThan(0)
    expect(his).toBe(0)
    for (const stop of stops) stop()
  })
})
