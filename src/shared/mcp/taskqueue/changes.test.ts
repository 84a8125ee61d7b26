import { beforeEach, describe, expect, it } from 'vitest'
import { settle } from '../../queue/queue.fixture.ts'
import { admin, alice, bob, MeshToolsFixture, reader } from '../mesh-tools.fixture.ts'

let mesh: MeshToolsFixture

beforeEach(async () => {
  mesh = await MeshToolsFixture.open()
})

const update = (input: Record<string, unknown>, principal = alice) =>
  mesh.call('p2p_taskqueue_update_task', JSON.parse(JSON.stringify(input)), principal)

describe('cancel', () => {
  it('says for each of many what became of it, and one that is refused stops no other', async () => {
    const [first, second] = [await mesh.submitted(), await mesh.submitted()]
    const others = await mesh.submitted(bob)
    await mesh.call('p2p_taskqueue_cancel', { task_id: first, reason: 'no more' }, alice)
    const input = { task_ids: [first, second, others, 'gone'] }
    expect(await mesh.call('p2p_taskqueue_cancel', input, alice)).toEqual({
      tasks: [
        { task_id: first, error: expect.objectContaining({ code: 'conflict' }) },
        { task_id: second, state: 'cancelled' },
        { task_id: others, error: expect.objectContaining({ code: 'not_found' }) },
        { task_id: 'gone', error: expect.objectContaining({ code: 'not_found' }) },
      ],
    })
    expect(await mesh.call('p2p_taskqueue_task_status', { task_id: first }, alice)).toMatchObject({
      error: { code: 'cancelled', message: 'no more' },
    })
  })

  it('takes one task or many, at least one and at most a thousand', async () => {
    const ids = Array.from({ length: 1001 }, (_, index) => `task-${index}`)
    for (const [input, field] of [
      [{}, '/task_id'],
      [{ task_id: 'a', task_ids: ['b'] }, '/task_ids'],
      [{ task_ids: [] }, '/task_ids'],
      [{ task_ids: ids }, '/task_ids'],
      [{ task_id: 'a', reason: 7 }, '/reason'],
    ] as const) {
      const given = JSON.parse(JSON.stringify(input))
      expect(await mesh.call('p2p_taskqueue_cancel', given)).toMatchObject({ code: 'invalid_input', field })
    }
  })

  it('cancels a thousand in one call', async () => {
    const task = { tool: 'work' }
    const made = await mesh.call('p2p_taskqueue_submit', { tasks: Array.from({ length: 1000 }, () => task) })
    const receipts: { task_id: string }[] = JSON.parse(JSON.stringify(made)).tasks
    await mesh.call('p2p_taskqueue_cancel', { task_ids: receipts.map(({ task_id }) => task_id) })
    expect(await mesh.call('p2p_taskqueue_status', {})).toMatchObject({
      counts: { queued: 0, cancelled: 1000 },
    })
  })
})

describe('a request for many that is given up', () => {
  it('leaves what had not begun as it is', async () => {
    const task_ids = [await mesh.submitted(), await mesh.submitted()]
    const context = { principal: alice, signal: AbortSignal.abort() }
    await mesh.surface.callTool('p2p_taskqueue_cancel', { task_ids }, context)
    expect(await mesh.call('p2p_taskqueue_status', {})).toMatchObject({ counts: { queued: 2 } })
  })
})

describe('update_task and priority', () => {
  it('change what is given of a task that has not started, and leave the rest', async () => {
    const task_id = await mesh.submitted(alice, { labels: { a: '1' }, queue_timeout_ms: 5000 })
    const deadline = new Date(mesh.test.clock.now() + 3_600_000).toISOString()
    const changes = {
      labels: { team: 'search' },
      metadata: { note: 'later' },
      priority: 8,
      attempt_timeout_ms: 1000,
      deadline,
      retry: { max_attempts: 2 },
    }
    expect(await update({ task_id, ...changes })).toMatchObject({
      ...changes,
      queue_timeout_ms: 5000,
      retry: { max_attempts: 2, always: false, base_delay_ms: 500 },
    })
    const without = await update({ task_id, queue_timeout_ms: null, deadline: null })
    expect(without).toMatchObject({ state: 'queued', labels: { team: 'search' } })
    expect(without).not.toHaveProperty('deadline')
    expect(without).not.toHaveProperty('queue_timeout_ms')
    const start_at = new Date(mesh.test.clock.now() + 60_000).toISOString()
    expect(await update({ task_id, start_at })).toMatchObject({ state: 'scheduled', run_at: start_at })
    const priority = await mesh.call('p2p_taskqueue_priority', { task_id, priority: 1 }, alice)
    expect(priority).toEqual({ task_id, state: 'scheduled', priority: 1 })
  })

  it('refuse a task that runs or has ended', async () => {
    const task_id = await mesh.submitted()
    const taking = await mesh.worker()
    expect(await update({ task_id, labels: {} })).toMatchObject({ code: 'conflict' })
    taking.calls[0]?.end({ state: 'succeeded', result: {} })
    await settle()
    expect(await update({ task_id, labels: {} })).toMatchObject({ code: 'conflict' })
    const raise = { task_id, priority: 9 }
    expect(await mesh.call('p2p_taskqueue_priority', raise, alice)).toMatchObject({ code: 'conflict' })
  })

  it('name what is wrong with a change', async () => {
    const task_id = await mesh.submitted()
    for (const [changes, field] of [
      [{}, ''],
      [{ priority: 0 }, '/priority'],
      [{ tool: 'other' }, '/tool'],
      [{ deadline: '2020-01-01T00:00:00Z' }, '/deadline'],
      [{ retry: { max_attempts: 0 } }, '/retry/max_attempts'],
      [{ queue_timeout_ms: 0 }, '/queue_timeout_ms'],
      [{ labels: { a: 1 } }, '/labels/a'],
      [{ start_at: '2027-01-01T00:00:00Z', delay_ms: 5 }, '/start_at'],
    ] as const) {
      const answer = await update({ task_id, ...changes })
      expect(answer, JSON.stringify(changes)).toMatchObject({ code: 'invalid_input', field })
    }
    const raise = { task_id, priority: 11 }
    expect(await mesh.call('p2p_taskqueue_priority', raise, alice)).toMatchObject({ field: '/priority' })
  })

  it('are for its submitter and for admins', async () => {
    const task_id = await mesh.submitted(alice)
    const raise = { task_id, priority: 9 }
    expect(await mesh.call('p2p_taskqueue_priority', raise, bob)).toMatchObject({ code: 'not_found' })
    expect(await update({ task_id, labels: {} }, bob)).toMatchObject({ code: 'not_found' })
    await expect(mesh.answer('p2p_taskqueue_priority', raise, reader)).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect(await mesh.call('p2p_taskqueue_priority', raise, admin)).toMatchObject({ priority: 9 })
  })
})

describe('resubmit', () => {
  async function failed(): Promise<string> {
    const task_id = await mesh.submitted(alice, { labels: { a: '1' }, priority: 7, idempotency_key: 'k' })
    const taking = await mesh.worker()
    taking.calls[0]?.end({
      state: 'failed',
      error: { code: 'tool_failed', message: 'no', retryable: false },
    })
    await settle()
    mesh.test.queue.dropped(taking)
    return task_id
  }

  it('makes a new task of an ended one, as it was but for what is given', async () => {
    const dead = await failed()
    const made = await mesh.call('p2p_taskqueue_resubmit', { task_id: dead, params: { n: 2 } }, alice)
    expect(made).toMatchObject({ state: 'queued', resubmitted_from: dead })
    expect(made.task_id).not.toBe(dead)
    expect(await mesh.surface.readResource(`mesh://tasks/${made.task_id}`, alice)).toMatchObject({
      resubmitted_from: dead,
      params: { n: 2 },
      labels: { a: '1' },
      priority: 7,
    })
    expect(await mesh.call('p2p_taskqueue_task_status', { task_id: dead }, alice)).toMatchObject({
      state: 'failed',
    })
  })

  it('says for each of many what became of it', async () => {
    const dead = await failed()
    const waiting = await mesh.submitted()
    const input = { task_ids: [dead, waiting, 'gone'], priority: 2 }
    expect(await mesh.call('p2p_taskqueue_resubmit', input, alice)).toMatchObject({
      tasks: [
        { resubmitted_from: dead, state: 'queued', task_id: expect.any(String) },
        { resubmitted_from: waiting, error: { code: 'conflict' } },
        { resubmitted_from: 'gone', error: { code: 'not_found' } },
      ],
    })
    expect(await mesh.call('p2p_taskqueue_resubmit', { task_id: dead }, bob)).toMatchObject({
      code: 'not_found',
    })
    const bad = { task_id: dead, params: { n: 'x' } }
    expect(await mesh.call('p2p_taskqueue_resubmit', bad, alice)).toMatchObject({ field: '/params/n' })
  })
})
