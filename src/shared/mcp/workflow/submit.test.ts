import { beforeEach, describe, expect, it } from 'vitest'
import { admin, alice, bob, reader } from '../mesh-tools.fixture.ts'
import { step, WorkflowTools } from './workflows.fixture.ts'

let tools: WorkflowTools
beforeEach(async () => {
  tools = await WorkflowTools.open()
})

describe('p2p_workflow_submit', () => {
  it('runs a graph to its result', async () => {
    tools.run = input => ({ n: Number(Object(input).n ?? 0) + 1 })
    const submitted = await tools.call('submit', {
      workflow: {
        name: 'sums',
        input: { n: 5 },
        steps: [
          step('first', { params: { n: { $from: 'input', path: '/n' } } }),
          step('second', { params: { n: { $from: 'first', path: '/n' } } }),
        ],
        output: { $from: 'second', path: '/n' },
      },
      labels: { team: 'a' },
      metadata: { ticket: 7 },
    })
    expect(submitted).toMatchObject({ state: 'running', deduplicated: false })
    const { workflow_id } = submitted
    expect(await tools.ended(String(workflow_id))).toEqual({
      workflow_id,
      state: 'succeeded',
      result: 7,
      failed_steps: 0,
    })
    const status = await tools.call('status', { workflow_id: workflow_id ?? '' })
    expect(status).toMatchObject({ labels: { team: 'a' }, metadata: { ticket: 7 }, principal: alice.id })
  })

  it('takes the input beside the workflow too, but not twice', async () => {
    const workflow = { name: 'echo', steps: [step('a', { params: { n: { $from: 'input', path: '/n' } } })] }
    const { workflow_id } = await tools.call('submit', { workflow, input: { n: 3 } })
    expect(await tools.ended(String(workflow_id))).toMatchObject({ result: { a: { got: { n: 3 } } } })
    expect(
      await tools.call('submit', { workflow: { ...workflow, input: { n: 1 } }, input: { n: 3 } }),
    ).toMatchObject({ code: 'invalid_input', field: '/input', allowed: 'either `input` or `workflow.input`' })
  })

  it('answers a repeated key with the same workflow, and refuses another request for it', async () => {
    const request = { workflow: { name: 'once', steps: [step('a')] }, idempotency_key: 'k' }
    const first = await tools.call('submit', request)
    expect(await tools.call('submit', request)).toMatchObject({
      workflow_id: first.workflow_id,
      deduplicated: true,
    })
    expect(await tools.call('submit', request, bob)).toMatchObject({ deduplicated: false })
    const other = { ...request, workflow: { name: 'once', steps: [step('b')] } }
    expect(await tools.call('submit', other)).toMatchObject({ code: 'conflict' })
    for (const prefix of ['workflow:', 'schedule:']) {
      expect(await tools.call('submit', { ...request, idempotency_key: `${prefix}x` })).toMatchObject({
        code: 'invalid_input',
        field: '/idempotency_key',
      })
    }
  })

  it('answers a dry run with the plan and keeps nothing', async () => {
    const workflow = {
      name: 'diamond',
      steps: [
        step('a'),
        step('b', { depends_on: ['a'] }),
        step('c', { params: { n: { $expr: 'steps.a.got.n' } } }),
        { id: 'pause', wait: { ms: 5 }, depends_on: ['b'] },
        step('d', { depends_on: ['pause', 'c'] }),
      ],
    }
    expect(await tools.call('submit', { workflow, dry_run: true })).toMatchObject({
      plan: {
        name: 'diamond',
        steps: [
          { id: 'a', kind: 'task', tool: 'work', depends_on: [], after: 0 },
          { id: 'b', depends_on: ['a'], after: 1 },
          { id: 'c', depends_on: ['a'], after: 1 },
          { id: 'pause', kind: 'wait', after: 2 },
          { id: 'd', depends_on: ['c', 'pause'], after: 3 },
        ],
        critical_path: ['a', 'b', 'pause', 'd'],
      },
    })
    expect(await tools.call('list', {})).toMatchObject({ workflows: [] })
  })

  it('is for those who may submit', async () => {
    await expect(tools.call('submit', { workflow: {} }, reader)).rejects.toMatchObject({ code: 'forbidden' })
  })
})

describe('kept definitions', () => {
  const definition = { name: 'digest', steps: [step('a', { params: { n: { $from: 'input', path: '/n' } } })] }
  const changed = { ...definition, steps: [step('b')] }

  it('are kept by name and version, listed, shown whole, and started', async () => {
    expect(await tools.call('define', { definition })).toMatchObject({
      name: 'digest',
      version: '1',
      principal: alice.id,
    })
    expect(await tools.call('define', { definition })).toMatchObject({ version: '1' })
    expect(await tools.call('define', { definition: changed })).toMatchObject({ version: '2' })
    expect(await tools.call('define', { definition, name: 'other', version: '1.0.0' })).toMatchObject({
      name: 'other',
      version: '1.0.0',
    })
    const page = await tools.call('definitions', { limit: 2 })
    expect(page).toMatchObject({ definitions: [{ name: 'digest' }, { name: 'digest' }] })
    expect(await tools.call('definitions', { limit: 2, after: page.next_after ?? '' })).toMatchObject({
      definitions: [{ name: 'other' }],
    })
    expect(await tools.call('definitions', { name: 'digest', whole: true, version: '1' })).toMatchObject({
      version: '1',
      definition,
    })
    const { workflow_id } = await tools.call('submit', {
      workflow: { name: 'digest', version: '1' },
      input: { n: 4 },
    })
    expect(await tools.ended(String(workflow_id))).toMatchObject({ result: { a: { got: { n: 4 } } } })
    expect(await tools.call('list', { name: 'digest' })).toMatchObject({
      workflows: [{ workflow_id, version: '1' }],
    })
  })

  it('belong to who keeps them', async () => {
    await tools.call('define', { definition })
    expect(await tools.call('define', { definition: changed }, bob)).toMatchObject({
      code: 'conflict',
      field: '/name',
    })
    expect(await tools.call('define', { definition: changed }, admin)).toMatchObject({ version: '2' })
  })

  it('never change, and are not found where they are not', async () => {
    await tools.call('define', { definition })
    expect(await tools.call('define', { definition: changed, version: '1' })).toMatchObject({
      code: 'conflict',
      field: '/version',
    })
    for (const [name, input] of [
      ['submit', { workflow: { name: 'nope' } }],
      ['definitions', { name: 'nope', whole: true }],
    ] as const) {
      expect(await tools.call(name, input)).toMatchObject({ code: 'not_found' })
    }
  })
})
