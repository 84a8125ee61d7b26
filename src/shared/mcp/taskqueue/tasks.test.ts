import { beforeEach, describe, expect, it } from 'vitest'
import { settle } from '../../queue/queue.fixture.ts'
import type { JsonObject } from '../../tools/tool.ts'
import { isJsonObject } from '../json-object.ts'
import { admin, alice, bob, MeshToolsFixture, reader } from '../mesh-tools.fixture.ts'
import { principalWith } from '../text-tools.fixture.ts'

let mesh: MeshToolsFixture

beforeEach(async () => {
  mesh = await MeshToolsFixture.open()
})

describe('tasks', () => {
  it('submits one task or many, with a receipt for each', async () => {
    expect(await mesh.call('p2p_taskqueue_submit', { tool: 'work', params: { n: 1 }, priority: 9 })).toEqual({
      tasks: [{ task_id: expect.any(String), state: 'queued', deduplicated: false }],
    })
    const again = { tool: 'work', idempotency_key: 'k' }
    const many = await mesh.call('p2p_taskqueue_submit', {
      tasks: [
        again,
        again,
        { tool: 'nope' },
        { tool: 'work', prio: 1 },
        { tool: 'work', params: { n: 'x' } },
      ],
    })
    expect(many).toMatchObject({
      tasks: [
        { state: 'queued', deduplicated: false },
        { deduplicated: true },
        { error: { code: 'invalid_input', field: '/tool', value: 'nope' } },
        { error: { code: 'invalid_input', field: '/prio' } },
        { error: { code: 'invalid_input', field: '/params/n' } },
      ],
    })
  })

  it('refuses a single task, or a mixture of both forms, by naming the field', async () => {
    const refusals: [JsonObject, string][] = [
      [{ tool: 'nope' }, '/tool'],
      [{ params: {} }, '/tool'],
      [{ tool: 'work', params: { n: 'x' } }, '/params/n'],
      [{ tool: 'work', params: [] }, '/params'],
      [{ tool: 'work', priority: 11 }, '/priority'],
      [{ tool: 'work', nonsense: 1 }, '/nonsense'],
      [{ tasks: [{ tool: 'work' }], tool: 'work' }, '/tool'],
      [{ tasks: [] }, '/tasks'],
    ]
    for (const [input, field] of refusals) {
      expect(await mesh.call('p2p_taskqueue_submit', input)).toMatchObject({ code: 'invalid_input', field })
    }
  })

  it('shows a task from its submit to its result', async () => {
    const id = await mesh.submitted()
    const taking = await mesh.worker()
    expect(await mesh.call('p2p_taskqueue_task_status', { task_id: id }, alice)).toMatchObject({
      task_id: id,
      state: 'running',
      tool: 'work',
      priority: 5,
      principal: 'token:alice',
      attempts: [
        { number: 1, fence: 1, peer_id: 'peer-w', state: 'running', started_at: expect.stringMatching(/Z$/) },
      ],
    })
    expect(await mesh.call('p2p_taskqueue_get_result', { task_id: id }, alice)).toEqual({
      task_id: id,
      state: 'running',
    })
    const waiting = mesh.call('p2p_taskqueue_get_result', { task_id: id, wait_ms: 60_000 }, alice)
    await settle()
    taking.calls[0]?.end({ state: 'succeeded', result: { done: true } })
    expect(await waiting).toEqual({ task_id: id, state: 'succeeded', result: { done: true } })
    expect(await mesh.call('p2p_taskqueue_status', {})).toMatchObject({
      counts: { succeeded: 1, queued: 0 },
      peers: 1,
      workers: [{ peer_id: 'peer-w', succeeded: 1 }],
    })
  })

  it('lists tasks by state, in pages', async () => {
    const ids = [await mesh.submitted(), await mesh.submitted(), await mesh.submitted()]
    await mesh.call('p2p_taskqueue_cancel', { task_id: ids[0] ?? '' })
    const first = await mesh.call('p2p_taskqueue_list_tasks', { state: 'queued', limit: 1 })
    expect(first).toMatchObject({ tasks: [{ task_id: ids[2], state: 'queued', attempts: 0 }] })
    const second = await mesh.call('p2p_taskqueue_list_tasks', {
      state: ['queued'],
      limit: 1,
      cursor: first.next_cursor ?? '',
    })
    expect(second).toMatchObject({ tasks: [{ task_id: ids[1] }] })
    expect(await mesh.call('p2p_taskqueue_list_tasks', { order: 'oldest' })).toMatchObject({
      tasks: [{ task_id: ids[0], state: 'cancelled', error: { code: 'cancelled' } }, {}, {}],
    })
    expect(await mesh.call('p2p_taskqueue_list_tasks', { state: 'gone' })).toMatchObject({ field: '/state' })
  })

  it('shows a submitter its own tasks only, a reader all, and lets only owner and admin cancel', async () => {
    const id = await mesh.submitted(alice)
    const input = { task_id: id }
    for (const name of ['task_status', 'get_result', 'cancel']) {
      expect(await mesh.call(`p2p_taskqueue_${name}`, input, bob)).toMatchObject({ code: 'not_found' })
    }
    expect(await mesh.call('p2p_taskqueue_list_tasks', {}, bob)).toEqual({ tasks: [] })
    expect(await mesh.call('p2p_taskqueue_task_status', input, reader)).toMatchObject({ state: 'queued' })
    expect(await mesh.call('p2p_taskqueue_list_tasks', {}, reader)).toMatchObject({
      tasks: [{ task_id: id }],
    })
    const refused = mesh.answer('p2p_taskqueue_cancel', input, reader)
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' })
    const readingSubmitter = principalWith('token:both', 'read', 'submit')
    expect(await mesh.call('p2p_taskqueue_cancel', input, readingSubmitter)).toMatchObject({
      code: 'not_found',
    })
    expect(await mesh.call('p2p_taskqueue_cancel', input, alice)).toEqual({ task_id: id, state: 'cancelled' })
    expect(await mesh.call('p2p_taskqueue_cancel', input, admin)).toMatchObject({ code: 'conflict' })
  })

  it('passes a full queue on as a limit', async () => {
    mesh = await MeshToolsFixture.open({ limits: { liveTasks: 1 } })
    const submit = () => mesh.answer('p2p_taskqueue_submit', { tool: 'work' }, alice)
    await submit()
    await expect(submit()).rejects.toMatchObject({ code: 'queue_full' })
  })

  it('takes start, concurrency and rate, and refuses what is out of range by naming it', async () => {
    const start_at = new Date(mesh.test.clock.now() + 60_000).toISOString()
    const task_id = await mesh.submitted(alice, {
      start_at,
      concurrency: { key: 'api', limit: 2 },
      rate: { key: 'api', limit: 10, per_ms: 1000 },
    })
    expect(await mesh.call('p2p_taskqueue_task_status', { task_id }, alice)).toMatchObject({
      state: 'scheduled',
      run_at: start_at,
      concurrency: { key: 'api', limit: 2 },
      rate: { key: 'api', limit: 10, per_ms: 1000 },
    })
    const refusals: [JsonObject, string][] = [
      [{ start_at: '2027-01-01T00:00:00' }, '/start_at'],
      [{ start_at, delay_ms: 1 }, '/start_at'],
      [{ concurrency: { key: 'k', limit: 0 } }, '/concurrency/limit'],
      [{ rate: { key: 'k', limit: 1, per_ms: 1 } }, '/rate/per_ms'],
      [{ rate: { key: 'k', limit: 1 } }, '/rate/per_ms'],
      [{ retry: { max_attempts: 101 } }, '/retry/max_attempts'],
      [{ deadline: 'tomorrow' }, '/deadline'],
    ]
    for (const [options, field] of refusals) {
      const answer = await mesh.call('p2p_taskqueue_submit', { tool: 'work', ...options })
      expect(answer, JSON.stringify(options)).toMatchObject({ code: 'invalid_input', field })
    }
  })

  it('finds tasks by label and by time, and the dead letters by when they ended', async () => {
    const { clock } = mesh.test
    const first = await mesh.submitted(alice, { labels: { team: 'search', env: 'test' } })
    await clock.advance(1000)
    const between = new Date(clock.now()).toISOString()
    await clock.advance(1000)
    const second = await mesh.submitted(alice, { labels: { team: 'search' }, retry: { max_attempts: 1 } })
    const list = async (input: JsonObject) => {
      const { tasks } = await mesh.call('p2p_taskqueue_list_tasks', input)
      return Array.isArray(tasks) ? tasks.map(task => (isJsonObject(task) ? task.task_id : '')) : []
    }
    expect(await list({ labels: { team: 'search' } })).toEqual([second, first])
    expect(await list({ labels: { team: 'search', env: 'test' } })).toEqual([first])
    expect(await list({ created_from: between })).toEqual([second])
    expect(await list({ created_until: between })).toEqual([first])
    expect(await list({ sort: 'ended' })).toEqual([])
    await mesh.call('p2p_taskqueue_priority', { task_id: second, priority: 10 })
    const taking = await mesh.worker()
    const error = { code: 'tool_failed', message: 'no', retryable: false } as const
    taking.calls[0]?.end({ state: 'failed', error })
    await settle()
    expect(await list({ state: 'failed', sort: 'ended' })).toEqual([second])
    for (const [input, field] of [
      [{ created_from: 'now' }, '/created_from'],
      [{ created_from: between, created_until: between }, '/created_until'],
      [{ sort: 'size' }, '/sort'],
      [{ labels: { a: 1 } }, '/labels/a'],
      [{ cursor: 'x' }, '/cursor'],
    ] as const) {
      expect(await mesh.call('p2p_taskqueue_list_tasks', input)).toMatchObject({
        code: 'invalid_input',
        field,
      })
    }
  })
})
