import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toolmeshHere } from './in-process.fixture.ts'
import { newFolder, type Started, startedNode, toolmesh } from './node.fixture.ts'

/** Real READMEs, one of them twice. */
const README = 'zod yaml ws'.split(' ')

describe('demo', () => {
  const folder = newFolder()
  let node: Started
  beforeAll(async () => {
    for (const name of [...README, 'copy-of-zod']) {
      mkdirSync(join(folder, name))
      const text = readFileSync(resolve('node_modules', name.replace('copy-of-', ''), 'README.md'), 'utf8')
      writeFileSync(join(folder, name, 'README.md'), text)
    }
    writeFileSync(join(folder, 'latin1.md'), Uint8Array.of(0xe9, 0x74, 0xe9))
    node = await startedNode()
  })
  afterAll(async () => {
    await node.end('SIGKILL')
  })
  const words = ['demo', folder, '--query', 'parse yaml']
  const onNode = (...args: string[]) => toolmeshHere([...words, '--data-dir', node.dataDir, ...args])
  const succeeded = async () => {
    const status = await toolmeshHere(['tasks', '--json', '--data-dir', node.dataDir])
    return JSON.parse(status.stdout).counts.succeeded
  }

  it('gives the same report on a running node and on one of its own', async () => {
    const [running, own] = [
      await onNode('--json'),
      await toolmesh([...words, '--json', '--data-dir', newFolder(), '--port', '1']),
    ]
    expect(own.stderr).toContain('starting one for this run only')
    const [a, b] = [JSON.parse(running.stdout), JSON.parse(own.stdout)]
    expect(a.report).toEqual(b.report)
    expect(a.cid).toBe(b.cid)
    expect(a.report).toMatchObject({
      documents: 4,
      skipped: { 'not UTF-8': 1 },
      failed: [],
      near_duplicates: [['copy-of-zod/README.md', 'zod/README.md']],
    })
    expect(a.report.answers[0].name).toBe('yaml/README.md')
    expect(a.workers).toEqual([expect.objectContaining({ peer_id: node.facts.peer_id, documents: 4 })])
  })

  it('prints the report for a person', async () => {
    const { stdout, status } = await onNode()
    expect(status).toBe(0)
    expect(stdout).toMatch(/^4 documents in .*1 skipped \(not UTF-8\)$/m)
    expect(stdout).toMatch(/^Near duplicates: 1 group$/m)
    expect(stdout).toMatch(/^Report bafkrei\w+$/m)
  })

  it('takes up the tasks of a run that was interrupted', async () => {
    const url = new URL(node.facts.mcp).origin
    const interrupt = () =>
      writeFileSync(join(node.dataDir, 'demo-run.json'), JSON.stringify({ run_id: 'r', url, folder }))
    interrupt()
    const first = await onNode('--json')
    const tasks = await succeeded()
    interrupt()
    const second = await onNode('--json')
    expect(second.stderr).toContain('going on with the run that was interrupted')
    expect(await succeeded()).toBe(tasks)
    expect(JSON.parse(second.stdout).cid).toBe(JSON.parse(first.stdout).cid)
  })

  it('says when there is nothing to read', async () => {
    const { status, stderr } = await toolmeshHere(['demo', newFolder(), '--data-dir', node.dataDir])
    expect(status).toBe(2)
    expect(stderr).toContain('holds no README and no Markdown file')
  })
})
