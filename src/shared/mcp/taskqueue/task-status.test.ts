import { beforeEach, describe, expect, it } from 'vitest'
import { settle } from '../../queue/queue.fixture.ts'
import { alice, MeshToolsFixture } from '../mesh-tools.fixture.ts'

let mesh: MeshToolsFixture

beforeEach(async () => {
  mesh = await MeshToolsFixture.open()
})

const statusOf = (task_id: string) => mesh.call('p2p_taskqueue_task_status', { task_id }, alice)

describe('status of one task', () => {
  it('says what a queued task waits for', async () => {
    const task_id = await mesh.submitted(alice, { requires: ['gpu'] })
    await mesh.worker('peer-w')
    expect(await statusOf(task_id)).toMatchObject({
      state: 'queued',
      waiting_for: 'a worker labelled gpu',
    })
  })

  it('says that nothing is missing when it waits only for a free worker', async () => {
    await mesh.worker('peer-w')
    await mesh.submitted()
    const task_id = await mesh.submitted()
    await settle()
    const status = await statusOf(task_id)
    expect(status).toMatchObject({ state: 'queued' })
    expect(status).not.toHaveProperty('waiting_for')
  })

  it('has the progress and log lines of the attempt that runs, and keeps those of each that ended', async () => {
    const task_id = await mesh.submitted()
    const taking = await mesh.worker()
    taking.calls[0]?.hooks.onProgress?.({ done: 1, total: 3, message: 'reading' })
    taking.calls[0]?.hooks.onLog?.({ level: 'info', message: 'begun', data: { n: 1 } })
    const at = new Date(mesh.test.clock.now()).toISOString()
    const first = { at, level: 'info', message: 'begun', data: { n: 1 } }
    expect(await statusOf(task_id)).toMatchObject({
      state: 'running',
      progress: { done: 1, total: 3, message: 'reading' },
      attempts: [{ number: 1, state: 'running', logs: [first] }],
    })
    const error = { code: 'tool_failed', message: 'not yet', retryable: true } as const
    taking.calls[0]?.end({ state: 'failed', error })
    await settle()
    await mesh.test.clock.advance(60_000)
    await settle()
    taking.calls[0]?.hooks.onLog?.({ level: 'warning', message: 'again' })
    const status = await statusOf(task_id)
    expect(status).toMatchObject({
      attempts: [
        { number: 1, state: 'failed', error: { message: 'not yet' }, logs: [first] },
        { number: 2, state: 'running', logs: [{ level: 'warning', message: 'again' }] },
      ],
    })
    expect(status).not.toHaveProperty('progress')
  })

  it('shows the newest log lines where there are more than an answer holds', async () => {
    const task_id = await mesh.submitted(alice, { retry: { base_delay_ms: 0 } })
    const taking = await mesh.worker()
    const error = { code: 'tool_failed', message: 'no', retryable: true } as const
    for (let attempt = 0; attempt < 4; attempt++) {
      const [call] = taking.calls
      for (let line = 0; line < 100; line++) call?.hooks.onLog?.({ level: 'info', message: String(line) })
      if (attempt < 3) call?.end({ state: 'failed', error })
      await settle()
      await mesh.test.clock.advance(1)
      await settle()
    }
    const { attempts } = JSON.parse(JSON.stringify(await statusOf(task_id)))
    expect(attempts.map(({ logs = [] }) => logs.length)).toEqual([0, 100, 100, 100])
    expect(attempts[3].logs[99]).toMatchObject({ message: '99' })
  })
})
