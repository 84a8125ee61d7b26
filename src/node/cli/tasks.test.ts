import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runs } from '../test-runtime.fixture.ts'
import { toolmeshHere } from './in-process.fixture.ts'
import { BIN, type Started, startedNode, toolmesh } from './node.fixture.ts'

describe('toolmesh tasks', () => {
  let node: Started
  beforeAll(async () => {
    node = await startedNode()
  })
  afterAll(async () => {
    await node.end('SIGKILL')
  })

  const ask = (...args: string[]) => toolmeshHere(['tasks', ...args, '--data-dir', node.dataDir])
  async function text(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await ask(...args)
    expect([status, stderr], args.join(' ')).toEqual([0, ''])
    return stdout
  }
  const json = async (...args: string[]) => JSON.parse(await text(...args, '--json'))
  const submitted = async (...args: string[]): Promise<string> =>
    (await json('submit', 'crypto_hash', '{"text":"abc"}', ...args)).tasks[0].task_id

  it('submits with options, finds by label, and shows a task with its attempts', async () => {
    const options = '{"rate":{"key":"api","limit":10,"per_ms":1000},"metadata":{"a":1}}'
    const id = await submitted('--labels', 'team=search,env=test', '--options', options)
    expect(await json('result', id, '--wait', '30s')).toMatchObject({ state: 'succeeded' })
    expect(await json('list', '--labels', 'team=search', '--state', 'queued,succeeded')).toMatchObject({
      tasks: [{ task_id: id, labels: { team: 'search', env: 'test' } }],
    })
    expect(await json('status', id)).toMatchObject({
      metadata: { a: 1 },
      rate: { key: 'api' },
      attempts: [{ state: 'succeeded' }],
    })
    expect(await text('status', id)).toMatch(/^attempt +state +peer/m)
    expect(await text('list', '--sort', 'ended', '--limit', '1')).toContain(id)
  })

  it('changes, cancels and resubmits what waits, and says for each what became of it', async () => {
    const waiting = await submitted('--delay', '1h')
    expect(await text('priority', waiting, '9')).toBe(`${waiting}  scheduled  priority 9\n`)
    expect(await json('update', waiting, '{"labels":{"a":"1"}}')).toMatchObject({ labels: { a: '1' } })
    const partly = await ask('cancel', waiting, 'gone', '--reason', 'no more')
    expect(partly).toMatchObject({ status: 1, stdout: `cancelled ${waiting}\n` })
    expect(partly.stderr).toContain('there is no task gone')
    expect(await json('status', waiting)).toMatchObject({ error: { message: 'no more' } })
    const again = await json('resubmit', waiting, '--priority', '2', '--params', '{"text":"x"}')
    expect(again).toMatchObject({ tasks: [{ resubmitted_from: waiting, state: 'queued' }] })
    const ended = await json('result', again.tasks[0].task_id, '--wait', '30s')
    expect(ended).toMatchObject({ state: 'succeeded' })
    expect((await ask('update', again.tasks[0].task_id, '{"priority":1}')).status).toBe(1)
  })

  it('pauses and resumes', async () => {
    expect(await text('pause', '--tool', 'crypto_hash')).toMatch(/^crypto_hash +20/m)
    const id = await submitted()
    expect(await text('status', id)).toContain('queued')
    expect(await text('status')).toMatch(/paused since 20.*: crypto_hash/)
    expect(await text('resume', '--tool', 'crypto_hash')).toBe('nothing is paused\n')
    expect(await json('result', id, '--wait', '30s')).toMatchObject({ state: 'succeeded' })
    expect(await ask('pause', '--tool', 'nope')).toMatchObject({ status: 2 })
  })

  it('shows workers, and who could run a task', async () => {
    const { peer_id } = node.facts
    expect(await json('workers')).toMatchObject({ workers: [{ peer_id, lost: 0 }] })
    expect(await text('workers', peer_id)).toContain(peer_id)
    expect(await json('peers', '--tool', 'crypto_hash', '--requires', 'kind:tab')).toMatchObject({
      peers: [{ peer_id, able: false, lacks: ['the label kind:tab'] }],
    })
    expect(await text('peers', '--tool', 'crypto_hash')).toMatch(new RegExp(`^${peer_id} +\\d+ `, 'm'))
    expect((await ask('workers', 'nobody')).status).toBe(1)
  })

  it('keeps schedules', async () => {
    const nightly = ['schedule', 'nightly', '0 3 * * *', 'crypto_hash', '{"text":"abc"}']
    expect(await text(...nightly, '--timezone', 'Europe/Berlin')).toMatch(/^nightly runs next at 20/)
    expect(await json('schedules')).toMatchObject({
      schedules: [{ name: 'nightly', timezone: 'Europe/Berlin', task: { tool: 'crypto_hash' } }],
    })
    expect(await text(...nightly, '--disabled')).toBe('nightly is kept, without ticks\n')
    expect(await text('schedules')).toContain('nightly')
    expect(await text('schedule', 'nightly', '--remove')).toBe('removed nightly\n')
    expect((await ask('schedule', 'nightly', '--remove')).status).toBe(1)
    expect((await ask('schedule', 'x', 'at night', 'crypto_hash', '{"text":"a"}')).status).toBe(2)
  })

  it('prints events from a position, and follows them', async () => {
    const before = await json('events')
    const args = ['tasks', 'events', '--follow', '--json', '--data-dir', node.dataDir]
    const follower = spawn(...runs(BIN, ...args, '--after', String(before.last)), {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface(follower.stdout)[Symbol.asyncIterator]()
    const next = async () => JSON.parse(String((await lines.next()).value))
    const first = await submitted()
    const states: string[] = []
    while (states.length < 3) {
      const { task_id, state } = await next()
      expect(task_id).toBe(first)
      states.push(state)
    }
    expect(states).toEqual(['queued', 'running', 'succeeded'])
    const second = await submitted()
    expect(await next()).toMatchObject({ task_id: second, state: 'queued' })
    const ended = once(follower, 'exit')
    follower.kill()
    await ended
    const behind = await json('events', '--after', String(before.last))
    expect(behind.events[0]).toMatchObject({ seq: before.last + 1, task_id: first, state: 'queued' })
    expect(await text('events', '--after', String(before.last))).toContain(first)
  })

  it.each([
    [['cancel'], 'usage: toolmesh tasks cancel <task>…'],
    [['submit'], 'usage: toolmesh tasks submit <tool> [json]'],
    [['priority', 'x', 'high'], 'the priority: got "high"'],
    [['schedule', 'x'], 'usage: toolmesh tasks schedule'],
    [['list', '--labels', 'x'], '--labels: got "x", allowed: labels as team=search,env=test'],
    [['submit', 'crypto_hash', '--options', '[]'], '--options: got []'],
    [['events', '--after', '-1'], '--after: got "-1"'],
    [['explode'], 'usage: toolmesh tasks [status | list'],
  ])('%j ends with one clear line and status 2', async (args, line) => {
    const { status, stdout, stderr } = await toolmeshHere(['tasks', ...args])
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(line)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it('explains every action', async () => {
    const { stdout } = await toolmeshHere(['tasks', '--help'])
    for (const action of ['status', 'submit', 'resubmit', 'update', 'drain', 'events', 'schedules']) {
      expect(stdout).toMatch(new RegExp(`^  ${action}\\b.* {2}\\S`, 'm'))
    }
  })

  it('ends the node in order, with exit status 0, and those who follow it know', async () => {
    const other = await startedNode()
    const ended = once(other.child, 'exit')
    const following = toolmesh(['tasks', 'events', '--follow', '--data-dir', other.dataDir])
    const args = ['tasks', 'drain', '--wait', '5s', '--reason', 'test', '--data-dir', other.dataDir]
    const { status, stdout } = await toolmesh(args)
    expect([status, stdout]).toEqual([0, 'the node ends; 0 attempts have 5 s to end\n'])
    expect((await ended)[0]).toBe(0)
    const { status: followed, stderr } = await following
    expect(followed).toBe(4)
    expect(stderr).toMatch(/^toolmesh: no node at .*\n$/)
  })
})
