import { beforeEach, describe, expect, it } from 'vitest'
import { settle } from '../../queue/queue.fixture.ts'
import type { JsonObject } from '../../tools/tool.ts'
import { admin, alice, bob, MeshToolsFixture, reader } from '../mesh-tools.fixture.ts'

let mesh: MeshToolsFixture

beforeEach(async () => {
  mesh = await MeshToolsFixture.open()
})

describe('pause and resume', () => {
  it('hold the tasks of a tool, of a category or all, and the status says so', async () => {
    const taking = await mesh.worker()
    const since = expect.stringMatching(/Z$/)
    expect(await mesh.call('p2p_taskqueue_pause', { tool: 'work' })).toEqual({
      pauses: [{ tool: 'work', since }],
    })
    expect(await mesh.call('p2p_taskqueue_pause', {})).toMatchObject({ pauses: [{}, {}] })
    const task_id = await mesh.submitted()
    await settle()
    expect(taking.calls).toHaveLength(0)
    expect(await mesh.call('p2p_taskqueue_status', {})).toMatchObject({
      pauses: [{}, {}],
      waiting_for: [{ tool: 'work', tasks: 1 }],
    })
    expect(await mesh.call('p2p_taskqueue_task_status', { task_id }, alice)).toMatchObject({
      waiting_for: expect.stringContaining('paused'),
    })
    expect(await mesh.call('p2p_taskqueue_resume', {})).toEqual({ pauses: [{ tool: 'work', since }] })
    expect(taking.calls).toHaveLength(0)
    expect(await mesh.call('p2p_taskqueue_resume', { tool: 'work' })).toEqual({ pauses: [] })
    await settle()
    expect(taking.calls).toHaveLength(1)
  })

  it('name what they do not know, and are for admins', async () => {
    for (const [input, field] of [
      [{ tool: 'nope' }, '/tool'],
      [{ category: 'nope' }, '/category'],
      [{ tool: 'work', category: 'test' }, '/category'],
    ] as const) {
      expect(await mesh.call('p2p_taskqueue_pause', input)).toMatchObject({ code: 'invalid_input', field })
    }
    for (const name of ['pause', 'resume', 'shutdown']) {
      for (const principal of [alice, reader]) {
        const refused = mesh.answer(`p2p_taskqueue_${name}`, {}, principal)
        await expect(refused).rejects.toMatchObject({ code: 'forbidden' })
      }
    }
  })
})

describe('schedule', () => {
  const nightly = { name: 'nightly', cron: '0 3 * * *', task: { tool: 'work', params: { n: 1 } } }

  it('keeps a schedule, lists it to whom it belongs, and ends it', async () => {
    const made = await mesh.call('p2p_taskqueue_schedule', { ...nightly, timezone: 'Europe/Berlin' }, alice)
    expect(made).toMatchObject({
      schedule: {
        name: 'nightly',
        principal: 'token:alice',
        cron: '0 3 * * *',
        timezone: 'Europe/Berlin',
        task: { tool: 'work', params: { n: 1 } },
        overlap: 'allow',
        missed: 'run_once',
        enabled: true,
        next_at: expect.stringMatching(/Z$/),
        ticks: 0,
      },
    })
    const listed = { schedules: [{ name: 'nightly', principal: 'token:alice' }] }
    expect(await mesh.call('p2p_taskqueue_schedules', {}, alice)).toMatchObject(listed)
    expect(await mesh.call('p2p_taskqueue_schedules', {}, reader)).toMatchObject(listed)
    expect(await mesh.call('p2p_taskqueue_schedules', {}, bob)).toEqual({ schedules: [] })
    const remove = { name: 'nightly', remove: true }
    expect(await mesh.call('p2p_taskqueue_schedule', remove, bob)).toMatchObject({ code: 'not_found' })
    const byOther = { ...remove, principal: 'token:alice' }
    await expect(mesh.answer('p2p_taskqueue_schedule', byOther, bob)).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect(await mesh.call('p2p_taskqueue_schedule', byOther, admin)).toEqual({ removed: 'nightly' })
    expect(await mesh.call('p2p_taskqueue_schedules', {})).toEqual({ schedules: [] })
  })

  it('submits a task at each tick', async () => {
    await mesh.call('p2p_taskqueue_schedule', { ...nightly, cron: '* * * * *' }, alice)
    await mesh.test.clock.advance(60_000)
    await settle()
    const { schedules } = await mesh.call('p2p_taskqueue_schedules', {}, alice)
    expect(schedules).toMatchObject([{ ticks: 1, last: { task_id: expect.any(String) } }])
    expect(await mesh.call('p2p_taskqueue_list_tasks', {}, alice)).toMatchObject({
      tasks: [{ tool: 'work' }],
    })
  })

  it('names what is wrong with one', async () => {
    const refusals: [JsonObject, string][] = [
      [{ name: 'x' }, '/cron'],
      [{ name: 'x', cron: '* * * * *' }, '/task'],
      [{ ...nightly, cron: 'at night' }, '/cron'],
      [{ ...nightly, timezone: 'Mars/Olympus' }, '/timezone'],
      [{ ...nightly, task: { tool: 'nope' } }, '/task/tool'],
      [{ ...nightly, task: { tool: 'work', params: { n: 'x' } } }, '/task/params/n'],
      [{ ...nightly, task: { tool: 'work', idempotency_key: 'k' } }, '/task/idempotency_key'],
      [{ ...nightly, overlap: 'maybe' }, '/overlap'],
      [{ ...nightly, remove: true }, '/cron'],
      [{ ...nightly, remove: false }, '/remove'],
    ]
    for (const [input, field] of refusals) {
      const answer = await mesh.call('p2p_taskqueue_schedule', input, alice)
      expect(answer, JSON.stringify(input)).toMatchObject({ code: 'invalid_input', field })
    }
    const refused = mesh.answer('p2p_taskqueue_schedule', nightly, reader)
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' })
  })
})

describe('shutdown', () => {
  it('asks the node to end and answers at once what still runs', async () => {
    await mesh.submitted()
    await mesh.worker()
    expect(await mesh.call('p2p_taskqueue_shutdown', { wait_ms: 1000, reason: 'update' })).toEqual({
      state: 'draining',
      running: 1,
      wait_ms: 1000,
    })
    expect(mesh.shutdowns).toEqual([{ wait_ms: 1000, reason: 'update' }])
    expect(await mesh.call('p2p_taskqueue_shutdown', { wait_ms: -1 })).toMatchObject({ field: '/wait_ms' })
  })
})
