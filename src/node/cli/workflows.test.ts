import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runs } from '../test-runtime.fixture.ts'
import { toolmeshHere } from './in-process.fixture.ts'
import { BIN, newFolder, type Started, startedNode } from './node.fixture.ts'

const KEYWORDS = resolve('docs/examples/keywords.json')
const APPROVAL = resolve('docs/examples/approval.json')
const INPUT = '{"text":"A mesh of peers runs tools. Tools run on peers."}'

/** How long a condition may take to come about on a busy machine. */
const PATIENT = { timeout: 30_000 }

describe('toolmesh workflows', () => {
  let node: Started
  let folder: string
  beforeAll(async () => {
    node = await startedNode()
    folder = newFolder()
  })
  afterAll(async () => {
    await node.end('SIGKILL')
  })

  const ask = (...args: string[]) => toolmeshHere(['workflows', ...args, '--data-dir', node.dataDir])
  async function text(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await ask(...args)
    expect([status, stderr], args.join(' ')).toEqual([0, ''])
    return stdout
  }
  const json = async (...args: string[]) => JSON.parse(await text(...args, '--json'))
  const submitted = async (...args: string[]): Promise<string> =>
    (await json('submit', ...args, '--input', INPUT)).workflow_id
  function file(name: string, definition: unknown): string {
    const path = join(folder, name)
    writeFileSync(path, JSON.stringify(definition))
    return path
  }

  it('submits a file, waits for its result, and shows its steps', async () => {
    const id = await submitted(KEYWORDS, '--labels', 'team=search', '--key', 'first')
    expect(await json('submit', KEYWORDS, '--input', INPUT, '--key', 'first')).toMatchObject({
      workflow_id: id,
      deduplicated: true,
    })
    expect(await json('result', id, '--wait', '30s')).toMatchObject({
      state: 'succeeded',
      result: { tokens: expect.any(Number), keywords: expect.arrayContaining(['peers']) },
    })
    expect(await json('submit', KEYWORDS, '--input', INPUT, '--key', 'first', '--wait', '30s')).toMatchObject(
      {
        workflow_id: id,
        state: 'succeeded',
      },
    )
    const status = await text('status', id)
    expect(status).toMatch(new RegExp(`^${id}  succeeded  keywords  steps 3/3 `))
    expect(status).toMatch(/^split +succeeded +text_chunk +\d/m)
    expect(status).toMatch(/^parts +succeeded 1\/1 +text_keywords/m)
    expect(JSON.parse(await text('status', id, '--step', 'tokens'))).toMatchObject({
      id: 'tokens',
      input: { text: expect.any(String) },
      output: { tokens: expect.any(Number) },
    })
    expect(await text('list', '--labels', 'team=search')).toMatch(
      new RegExp(`^${id} +succeeded +keywords +3/3 `, 'm'),
    )
    expect(await text('dag', id)).toMatch(/^flowchart LR\n/)
    expect(await text('dag', id, '--format', 'dot')).toMatch(/^digraph "keywords" \{\n/)
    expect(await json('dag', id)).toMatchObject({ nodes: [{ id: 'split' }, {}, {}] })
    expect(await text('coordinate', id)).toContain(id)
  })

  it('reads a definition from the standard input', async () => {
    const definition = { name: 'piped', steps: [{ id: 'a', tool: 'crypto_hash', params: { text: 'abc' } }] }
    const args = ['workflows', 'submit', '-', '--json', '--data-dir', node.dataDir]
    const child = spawn(...runs(BIN, ...args), { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.end(JSON.stringify(definition))
    const { workflow_id } = JSON.parse(await textOf(child.stdout))
    expect(await json('result', workflow_id, '--wait', '30s')).toMatchObject({ state: 'succeeded' })
  })

  it('runs the example of the docs', async () => {
    const page = readFileSync('docs/WORKFLOWS.md', 'utf8')
    const [, block = ''] = /```json\n(.*?)```/s.exec(page) ?? []
    const { p2p_workflow_submit: input } = JSON.parse(block)
    const call = ['call', 'p2p_workflow_submit', JSON.stringify(input), '--data-dir', node.dataDir]
    const { stdout } = await toolmeshHere(call)
    const { workflow_id } = JSON.parse(stdout)
    expect(await json('result', workflow_id, '--wait', '30s')).toMatchObject({
      state: 'succeeded',
      result: { again: { digest: expect.any(String) } },
    })
  })

  it('prints a plan without running it, or every fault on a line of its own', async () => {
    const plan = await text('submit', KEYWORDS, '--input', INPUT, '--dry-run')
    expect(plan).toMatch(/^parts +text_keywords +1 +split$/m)
    expect(plan).toMatch(/^critical path: split → parts$/m)
    const bad = file('bad.json', {
      name: 'bad',
      steps: [
        { id: 'a', tool: 'crypto_hsh', params: {} },
        { id: 'b', tool: 'crypto_hash', params: { text: 'x' }, depends_on: ['c'] },
      ],
    })
    const { status, stdout, stderr } = await ask('submit', bad)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(
      /^toolmesh: 2 faults:\n- \/workflow\/steps\/.*crypto_hash.*\n- \/workflow\/steps\//,
    )
  })

  it('signals, cancels and runs again', async () => {
    const waiting = await submitted(APPROVAL)
    await expect
      .poll(async () => await text('status', waiting), PATIENT)
      .toMatch(/^approve +waiting +signal .*waits for the signal approved: Publish this text\?$/m)
    expect((await ask('signal', waiting, 'approved', '{"approved":"yes"}')).status).toBe(2)
    expect(await json('result', waiting)).toMatchObject({ state: 'waiting' })
    expect((await ask('result', waiting, '--wait', '1s')).status).toBe(4)
    expect(await text('signal', waiting, 'approved', '{"approved":true}')).toBe(
      `${waiting}  has the signal approved\n`,
    )
    expect(await json('result', waiting, '--wait', '30s')).toMatchObject({
      state: 'succeeded',
      result: { publish: { digest: expect.any(String) } },
    })
    expect(await text('reschedule', waiting, '--from', 'approve')).toMatch(/generation 2: approve$/m)
    await text('cancel', waiting, '--reason', 'no more')
    const cancelled = await ask('result', waiting, '--wait', '30s')
    expect([cancelled.status, JSON.parse(cancelled.stdout)]).toEqual([
      1,
      expect.objectContaining({ state: 'cancelled' }),
    ])
    expect(await text('status', waiting)).toMatch(/^approve +cancelled +.*no more/m)
    expect((await ask('cancel', waiting)).status).toBe(1)
  })

  it('keeps definitions, and starts them by name', async () => {
    expect(await text('define', KEYWORDS)).toBe('keywords  version 1\n')
    expect(await text('define', KEYWORDS, '--name', 'other', '--version', '1.0.0')).toBe(
      'other  version 1.0.0\n',
    )
    expect(await text('definitions')).toMatch(/^keywords +1 +20/m)
    expect(JSON.parse(await text('definitions', 'other'))).toMatchObject({
      version: '1.0.0',
      definition: { name: 'other' },
    })
    const id = await submitted('--name', 'keywords', '--version', '1')
    expect(await json('result', id, '--wait', '30s')).toMatchObject({ state: 'succeeded' })
    expect((await ask('submit', '--name', 'nope')).status).toBe(1)
  })

  it('prints events from a position, and follows them to the end', async () => {
    const id = await submitted(APPROVAL)
    const args = ['workflows', 'events', id, '--follow', '--json', '--data-dir', node.dataDir]
    const follower = spawn(...runs(BIN, ...args), { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(follower, 'exit')
    const printed = textOf(follower.stdout)
    await expect.poll(async () => (await json('status', id)).state, PATIENT).toBe('waiting')
    await text('signal', id, 'approved', '{"approved":false}')
    expect((await ended)[0]).toBe(0)
    const events = (await printed)
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
    expect(events[0]).toMatchObject({ kind: 'submitted' })
    expect(events.at(-1)).toMatchObject({ kind: 'ended', state: 'succeeded' })
    const last = events.length
    expect(await json('events', id, '--after', String(last - 1))).toMatchObject({
      events: [{ seq: last }],
      next: last,
      last,
    })
    expect(await text('events', id)).toMatch(/^\d+ +20.* +step_ended +publish +skipped /m)
    const again = await text('events', id, '--follow', '--after', String(last))
    expect(again).toBe('')
  })

  it('schedules one', async () => {
    const schedule = ['schedule', 'nightly', '0 3 * * *', '--workflow', 'keywords', '--input', INPUT]
    const tasks = (...words: string[]) => toolmeshHere(['tasks', ...words, '--data-dir', node.dataDir])
    await text('define', KEYWORDS)
    expect(await tasks(...schedule)).toMatchObject({ status: 0, stderr: '' })
    expect((await tasks('schedules')).stdout).toMatch(/^nightly +0 3 \* \* \* +UTC +workflow keywords /m)
    expect((await tasks('schedule', 'x', '0 3 * * *', '--workflow', 'nope')).status).toBe(1)
    expect((await tasks('schedule', 'x', '0 3 * * *')).status).toBe(2)
  })

  it('go on after their node was killed', async () => {
    const first = await startedNode()
    const here = async (...args: string[]) =>
      JSON.parse((await toolmeshHere(['workflows', ...args, '--json', '--data-dir', first.dataDir])).stdout)
    const { workflow_id } = await here('submit', APPROVAL, '--input', INPUT)
    await expect.poll(async () => (await here('status', workflow_id)).state, PATIENT).toBe('waiting')
    await first.end('SIGKILL')
    const again = await startedNode([], { dataDir: first.dataDir })
    expect(await here('status', workflow_id)).toMatchObject({
      state: 'waiting',
      steps: [{ state: 'succeeded' }, { state: 'waiting' }, { state: 'pending' }],
    })
    await here('signal', workflow_id, 'approved', '{"approved":true}')
    expect(await here('result', workflow_id, '--wait', '30s')).toMatchObject({ state: 'succeeded' })
    await again.end('SIGKILL')
  })

  it.each([
    [['submit'], 'usage: toolmesh workflows submit <file.json | ->'],
    [['submit', 'x.json', '--name', 'y'], 'usage: toolmesh workflows submit'],
    [['submit', '/nowhere/x.json', '--url', 'http://127.0.0.1:1'], 'no node at'],
    [['submit', 'x.json', '--wait', '1s', '--dry-run'], '--wait: with --dry-run'],
    [['status'], 'usage: toolmesh workflows status <workflow>'],
    [['signal', 'x', 'y', '{'], 'the payload: is not JSON'],
    [['dag', 'x', '--format', 'png'], '--format: got "png", allowed: mermaid, dot or json'],
    [['events', 'x', '--after', '-1'], '--after: got "-1"'],
    [['result', 'x', '--wait', 'long'], '--wait: got "long"'],
    [['explode'], 'usage: toolmesh workflows [list | status'],
    [['stats'], 'workflows has no action "stats"; did you mean status?'],
    [['list', '--wait', '1s'], '--wait: workflows list does not take it; it is for submit, result'],
    [['--dry-run'], '--dry-run: workflows list does not take it; it is for submit'],
  ])('%j ends with one clear line', async (args, line) => {
    const { status, stdout, stderr } = await toolmeshHere(['workflows', ...args])
    expect(stdout).toBe('')
    expect(status).toBe(line.startsWith('no node') ? 4 : 2)
    expect(stderr).toContain(line)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it('names a file that cannot be read', async () => {
    const { status, stderr } = await ask('submit', join(folder, 'gone.json'))
    expect(status).toBe(2)
    expect(stderr).toContain('gone.json: cannot be read')
    writeFileSync(join(folder, 'broken.json'), '{')
    expect((await ask('submit', join(folder, 'broken.json'))).stderr).toContain('is not JSON')
  })

  it('explains one action by what it takes', async () => {
    for (const args of [
      ['workflows', 'reschedule', '--help'],
      ['help', 'workflows', 'reschedule'],
    ]) {
      const { stdout } = await toolmeshHere(args)
      expect(stdout).toMatch(/^usage: toolmesh workflows reschedule <workflow>\n/)
      expect(stdout).toMatch(/^ {2}--from <step> +this one, and all that follows$/m)
      expect(stdout).not.toContain('--dry-run')
    }
  })

  it('ends quietly when what reads it has gone', async () => {
    const id = await submitted(KEYWORDS)
    await json('result', id, '--wait', '30s')
    const args = ['workflows', 'events', id, '--follow', '--data-dir', node.dataDir]
    const follower = spawn(...runs(BIN, ...args), { stdio: ['ignore', 'pipe', 'pipe'] })
    follower.stdout.destroy()
    const [said, [status]] = await Promise.all([textOf(follower.stderr), once(follower, 'exit')])
    expect([status, said]).toEqual([0, ''])
  })

  it('explains every action', async () => {
    const { stdout } = await toolmeshHere(['workflows', '--help'])
    for (const action of [
      'list',
      'status',
      'dag',
      'submit',
      'result',
      'cancel',
      'signal',
      'reschedule',
      'define',
      'definitions',
      'coordinate',
      'events',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${action}\\b.* {2}\\S`, 'm'))
    }
  })
})
