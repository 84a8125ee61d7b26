/** `toolmesh demo` on real documents: the same report whoever ran it, and whatever happened to the node. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'playwright/test'
import { runs } from '../src/node/test-runtime.fixture.ts'
import { BIN, callTool, connectClient, freshDir, ROOT, startNode } from './node-process.ts'

const run = promisify(execFile)

/** READMEs of libraries that are installed here, one of them twice. */
const LIBRARIES = [
  'lit',
  'zod',
  'marked',
  'minisearch',
  'jsonata',
  'multiformats',
  'yaml',
  'libp2p',
  'lru-cache',
  'papaparse',
]

interface Demo {
  report: { documents: number; near_duplicates: string[][]; answers: { name: string }[] }
  cid: string
}

async function documents(): Promise<string> {
  const folder = await freshDir()
  for (const library of [...LIBRARIES, 'lit-copy']) {
    await mkdir(join(folder, library))
    const from = join(ROOT, 'node_modules', library.replace('-copy', ''), 'README.md')
    await cp(from, join(folder, library, 'README.md'))
  }
  return folder
}

async function demo(args: string[]): Promise<Demo> {
  const cwd = await freshDir()
  const { stdout } = await run(...runs(BIN, 'demo', ...args, '--json'), { cwd, timeout: 100_000 })
  return JSON.parse(stdout)
}

test('gives the same report from a node of its own, from a running node, and from a tab', async ({
  page,
}) => {
  const folder = await documents()
  const query = ['--query', 'parse yaml']
  const alone = await demo([folder, ...query, '--port', '0'])
  expect(alone.report.documents).toBe(LIBRARIES.length + 1)
  expect(alone.report.near_duplicates).toEqual([['lit-copy/README.md', 'lit/README.md']])
  expect(alone.report.answers[0]?.name).toBe('yaml/README.md')

  const node = await startNode()
  try {
    const threads = await demo([folder, ...query, '--url', node.origin])
    await page.goto(node.joinUrl)
    await expect(page.getByRole('button', { name: 'Leave' })).toBeVisible()
    const client = await connectClient(node)
    const before = await callTool<{ counts: Record<string, number> }>(client, 'p2p_taskqueue_status')
    const tab = await demo([folder, ...query, '--url', node.origin, '--tabs-only'])
    const after = await callTool<{ counts: Record<string, number> }>(client, 'p2p_taskqueue_status')
    expect((after.counts.succeeded ?? 0) - (before.counts.succeeded ?? 0)).toBeGreaterThanOrEqual(
      LIBRARIES.length,
    )
    await client.close()
    expect(threads.cid).toBe(alone.cid)
    expect(tab.cid).toBe(alone.cid)
    expect(alone.cid).toMatch(/^bafkrei/)
  } finally {
    await node.stop()
  }
})

test('goes on with the same workflow after its node was killed', async () => {
  const documents = 400
  const folder = await freshDir()
  for (let n = 0; n < documents; n++) {
    const library = LIBRARIES[n % LIBRARIES.length] ?? ''
    await cp(join(ROOT, 'node_modules', library, 'README.md'), join(folder, `${n}.md`))
  }
  const node = await startNode()
  const port = Number(new URL(node.origin).port)
  const demo = runs(BIN, 'demo', folder, '--url', node.origin, '--data-dir', node.dataDir, '--json')
  const interrupted = spawn(...demo, { stdio: 'ignore' })
  const ended = once(interrupted, 'exit')
  const client = await connectClient(node)
  const succeeded = async () => {
    const { counts } = await callTool<{ counts: Record<string, number> }>(client, 'p2p_taskqueue_status')
    return counts.succeeded ?? 0
  }
  await expect.poll(succeeded, { intervals: [50] }).toBeGreaterThan(20)
  expect(await succeeded()).toBeLessThan(documents)
  await node.stop('SIGKILL')
  expect((await ended)[0]).toBeGreaterThan(0)

  const again = await startNode({ dataDir: node.dataDir, port })
  try {
    const { stdout, stderr } = await run(...demo, { timeout: 100_000 })
    expect(stderr).toContain('going on with the run that was interrupted')
    const { report, workers } = JSON.parse(stdout)
    expect(report).toMatchObject({ documents, failed: [] })
    expect(workers).toEqual([expect.objectContaining({ documents })])
    const after = await connectClient(again)
    const { workflows } = await callTool<{ workflows: object[] }>(after, 'p2p_workflow_list')
    expect(workflows).toHaveLength(1)
    const status = await callTool<{ counts: Record<string, number> }>(after, 'p2p_taskqueue_status')
    // Each document, and the three steps after them.
    expect(status.counts.succeeded).toBe(documents + 3)
    await after.close()
  } finally {
    await again.stop()
  }
})
