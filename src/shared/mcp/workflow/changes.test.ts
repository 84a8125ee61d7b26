import { beforeEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../tools/tool.ts'
import { admin, alice, bob, OWN_PEER_ID, reader } from '../mesh-tools.fixture.ts'
import { step, WorkflowTools } from './workflows.fixture.ts'

let tools: WorkflowTools
beforeEach(async () => {
  tools = await WorkflowTools.open()
})

const approve = {
  id: 'approve',
  wait: {
    signal: 'approved',
    message: 'Publish it?',
    schema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
  },
}

async function waiting(): Promise<string> {
  const id = await tools.submitted([approve, step('publish', { when: { $from: 'approve', path: '/ok' } })])
  await tools.reaches(id, 'waiting')
  return id
}

describe('signals', () => {
  it('end the wait of a step; what it asks stands in the result', async () => {
    const workflow_id = await waiting()
    const { signal, message, schema } = approve.wait
    expect(await tools.call('result', { workflow_id })).toMatchObject({
      state: 'waiting',
      waiting_for: [{ step: 'approve', signal, message, schema }],
    })
    expect(await tools.call('signal', { workflow_id, signal, payload: { ok: true } })).toMatchObject({
      workflow_id,
      signal,
    })
    expect(await tools.ended(workflow_id)).toMatchObject({
      state: 'succeeded',
      result: { publish: { got: {} } },
    })
    expect(await tools.call('signal', { workflow_id, signal, payload: { ok: true } })).toMatchObject({
      code: 'conflict',
    })
  })

  it('are refused where the payload does not fit or nobody waits for them', async () => {
    const workflow_id = await waiting()
    expect(
      await tools.call('signal', { workflow_id, signal: 'approved', payload: { ok: 'yes' } }),
    ).toMatchObject({ code: 'invalid_input' })
    expect(await tools.call('signal', { workflow_id, signal: 'aproved', payload: {} })).toMatchObject({
      code: 'invalid_input',
      field: '/signal',
    })
  })
})

describe('p2p_workflow_cancel', () => {
  it('ends a workflow, once', async () => {
    const workflow_id = await waiting()
    await tools.call('cancel', { workflow_id, reason: 'no more' })
    expect(await tools.ended(workflow_id)).toMatchObject({ state: 'cancelled' })
    expect(await tools.call('status', { workflow_id })).toMatchObject({
      steps: [
        { state: 'cancelled', reason: expect.stringContaining('no more') },
        { state: 'cancelled', reason: expect.stringContaining('no more') },
      ],
    })
    expect(await tools.call('cancel', { workflow_id })).toMatchObject({ code: 'conflict' })
  })
})

describe('p2p_workflow_reschedule', () => {
  it('runs what failed again with what follows on it, and keeps the rest', async () => {
    let broken = true
    const ran: string[] = []
    tools.run = input => {
      const { n } = Object(input)
      ran.push(String(n))
      if (n === 2 && broken) throw new Error('broken')
      return { n }
    }
    const workflow_id = await tools.submitted([
      step('a', { params: { n: 1 } }),
      step('b', { params: { n: 2 } }),
      step('c', { params: { n: 3 }, depends_on: ['a', 'b'] }),
    ])
    expect(await tools.ended(workflow_id)).toMatchObject({ state: 'failed' })
    broken = false
    expect(await tools.call('reschedule', { workflow_id })).toMatchObject({ generation: 2, steps: ['b'] })
    expect(await tools.ended(workflow_id)).toMatchObject({ state: 'succeeded', result: { c: { n: 3 } } })
    expect(ran.toSorted()).toEqual(['1', '2', '2', '3'])
    expect(await tools.call('status', { workflow_id })).toMatchObject({
      generation: 2,
      steps: [{ generation: 1 }, { generation: 2 }, { generation: 2 }],
    })
    expect(await tools.call('reschedule', { workflow_id, from: 'a' })).toMatchObject({
      generation: 3,
      steps: ['a'],
    })
    expect(await tools.ended(workflow_id)).toMatchObject({ state: 'succeeded' })
    expect(ran).toHaveLength(6)
  })

  it('takes another input', async () => {
    const workflow_id = await tools.submitted(
      [step('a', { params: { n: { $from: 'input', path: '/n' } } })],
      {
        input: { n: 1 },
      },
    )
    await tools.ended(workflow_id)
    await tools.call('reschedule', { workflow_id, steps: ['a'], input: { n: 2 } })
    expect(await tools.ended(workflow_id)).toMatchObject({ result: { a: { got: { n: 2 } } } })
  })

  it('names what cannot be run again', async () => {
    const workflow_id = await waiting()
    expect(await tools.call('reschedule', { workflow_id })).toMatchObject({ code: 'conflict' })
    expect(await tools.call('reschedule', { workflow_id, steps: ['nope'] })).toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('nope'),
    })
    expect(
      await tools.call('reschedule', { workflow_id, steps: ['approve'], from: 'approve' }),
    ).toMatchObject({ field: '/from' })
  })
})

describe('p2p_workflow_coordinate', () => {
  it('says who drives a workflow and why; only an admin hands it over', async () => {
    const workflow_id = await waiting()
    expect(await tools.call('coordinate', { workflow_id }, reader)).toMatchObject({
      workflow_id,
      state: 'owned',
      node: OWN_PEER_ID,
      engine: 'engine',
      fence: 1,
    })
    await expect(tools.call('coordinate', { workflow_id, to: 'peer' })).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect(await tools.call('coordinate', { workflow_id, to: 'peer' }, admin)).toMatchObject({ workflow_id })
  })
})

describe('the workflows of others', () => {
  it.each<[string, JsonObject]>([
    ['status', {}],
    ['result', {}],
    ['get_dag', {}],
    ['coordinate', {}],
    ['cancel', {}],
    ['signal', { signal: 'approved', payload: { ok: true } }],
    ['reschedule', { steps: ['approve'] }],
  ])('are not found by p2p_workflow_%s', async (name, input) => {
    const workflow_id = await waiting()
    expect(await tools.call(name, { workflow_id, ...input }, bob)).toMatchObject({
      code: 'not_found',
      message: `there is no workflow ${workflow_id}`,
    })
    expect(await tools.call('result', { workflow_id })).toMatchObject({ state: 'waiting' })
  })

  it('are changed by admins, and only seen by readers', async () => {
    const workflow_id = await waiting()
    expect(await tools.call('result', { workflow_id }, reader)).toMatchObject({ state: 'waiting' })
    for (const name of ['cancel', 'signal', 'reschedule', 'define']) {
      await expect(tools.call(name, { workflow_id }, reader)).rejects.toMatchObject({ code: 'forbidden' })
    }
    await tools.call('cancel', { workflow_id }, admin)
    expect(await tools.ended(workflow_id)).toMatchObject({ state: 'cancelled' })
  })
})

describe('a schedule', () => {
  it('submits a workflow at each tick, in the name of who made it', async () => {
    const definition = {
      name: 'nightly',
      steps: [step('a', { params: { n: { $from: 'input', path: '/n' } } })],
    }
    await tools.call('define', { definition })
    const schedule = {
      name: 'every-minute',
      cron: '* * * * *',
      workflow: { name: 'nightly', input: { n: 5 } },
    }
    const { mesh } = tools
    expect(await mesh.call('p2p_taskqueue_schedule', schedule, alice)).toMatchObject({
      schedule: { workflow: schedule.workflow, ticks: 0 },
    })
    await mesh.test.clock.advance(60_000)
    const { schedules } = await mesh.call('p2p_taskqueue_schedules', {}, alice)
    const [{ last_workflow_id }] = JSON.parse(JSON.stringify(schedules))
    expect(await tools.ended(last_workflow_id)).toMatchObject({ result: { a: { got: { n: 5 } } } })
    expect(await tools.call('list', { labels: { schedule: 'every-minute' } })).toMatchObject({
      workflows: [{ workflow_id: last_workflow_id, principal: alice.id }],
    })
  })

  it('refuses a workflow that could not be submitted', async () => {
    const schedule = { name: 'x', cron: '* * * * *' }
    const { mesh } = tools
    const wrong: [JsonObject, string][] = [
      [{ name: 'nope' }, '/name'],
      [{ name: 'bad', steps: [{ id: 'a', tool: 'wrok' }] }, '/workflow/steps/0/tool'],
    ]
    for (const [workflow, field] of wrong) {
      expect(await mesh.call('p2p_taskqueue_schedule', { ...schedule, workflow }, alice)).toMatchObject({
        field,
      })
    }
    const both = { ...schedule, workflow: { name: 'nope' }, task: { tool: 'work' } }
    expect(await mesh.call('p2p_taskqueue_schedule', both, alice)).toMatchObject({ field: '/workflow' })
    expect(await mesh.call('p2p_taskqueue_schedule', schedule, alice)).toMatchObject({ field: '/task' })
  })
})
