import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { MeshClient } from '../cli/mesh-client.ts'
import { type Started, startedNode } from '../cli/node.fixture.ts'
import { documentEnds } from './document-ends.ts'
import { folderWith } from './folder.fixture.ts'
import { sendParts } from './send-parts.ts'
import { followRun, submitRun } from './workflow-run.ts'

const NAMES = ['a.md', 'b.md', 'c.md', 'd.md', 'e.md', 'f.md', 'g.md']
const PARTS = [['a.md', 'b.md'], ['c.md'], ['d.md', 'e.md'], ['f.md'], ['g.md']]
const never = new AbortController().signal

let node: Started
let mesh: MeshClient
let folder: string
beforeAll(async () => {
  folder = folderWith(
    Object.fromEntries(NAMES.map(name => [name, `# Owls\n\nThe owl of ${name} hunts by night.`])),
  )
  node = await startedNode()
  mesh = await MeshClient.connect({ url: new URL(node.facts.mcp).origin })
}, 60_000)
afterAll(async () => {
  await mesh.close()
  await node.end('SIGKILL')
})

const options = (runId: string, parts: string[][] = PARTS) => {
  const progress: number[] = []
  const onProgress = (ended: number) => progress.push(ended)
  return { mesh, folder, parts, query: 'owl', requires: [], runId, signal: never, onProgress, progress }
}

async function endsOf(run: Parameters<typeof documentEnds>[0]) {
  const ends = []
  for await (const end of documentEnds(run)) ends.push(end)
  return ends
}

it('takes up the workflow of a run that stopped while it sent its parts', { timeout: 60_000 }, async () => {
  const stopped = new AbortController()
  const first = await submitRun({ ...options('a', PARTS), signal: never })
  const some = { ...first, parts: PARTS.slice(0, 2) }
  await sendParts(some)
  stopped.abort(new Error('stopped'))
  await expect(followRun({ ...first, signal: stopped.signal })).rejects.toThrow('stopped')

  const again = options('a')
  const second = await submitRun(again)
  expect(second.id).toBe(first.id)
  const [findings] = await Promise.all([followRun(second), sendParts(second)])
  expect(findings).toMatchObject({ documents: NAMES.length, query: 'owl' })
  expect(findings.answers).toHaveLength(5)
  expect(again.progress.at(-1)).toBe(NAMES.length)
  const ends = await endsOf(second)
  expect(ends.map(({ name, failed }) => [name, failed])).toEqual(NAMES.map(name => [name, false]))
  expect(new Set(ends.map(({ taskId }) => taskId)).size).toBe(NAMES.length)

  const other = await submitRun({ ...again, query: 'mouse' })
  expect(other.id).not.toBe(first.id)
  await mesh.call('p2p_workflow_cancel', { workflow_id: other.id })
  await sendParts(other)
  await expect(followRun(other)).rejects.toMatchObject({ code: 'cancelled' })
})

it('names documents that failed, and reports on the others', { timeout: 60_000 }, async () => {
  const run = await submitRun(options('b', [['a.md', 'b.md']]))
  const payload = [{ name: 'a.md' }, { name: 'b.md', text: 'an owl' }]
  await mesh.call('p2p_workflow_signal', { workflow_id: run.id, signal: 'part-1', payload })
  expect(await followRun(run)).toMatchObject({ documents: 1, answers: [{ name: 'b.md' }] })
  expect((await endsOf(run)).map(({ name, failed }) => [name, failed])).toEqual([
    ['a.md', true],
    ['b.md', false],
  ])
})

it('reports on nothing where every document failed', { timeout: 60_000 }, async () => {
  const run = await submitRun(options('c', [['a.md']]))
  await mesh.call('p2p_workflow_signal', {
    workflow_id: run.id,
    signal: 'part-1',
    payload: [{ name: 'a.md' }],
  })
  expect(await followRun(run)).toMatchObject({ documents: 0, near_duplicates: [], answers: [] })
})

it('holds no more than two parts in work', { timeout: 60_000 }, async () => {
  const run = await submitRun({ ...options('d'), requires: ['never'] })
  await sendParts(run)
  const stepsSchema = z.looseObject({ steps: z.array(z.looseObject({ id: z.string(), state: z.string() })) })
  await expect
    .poll(async () => {
      const { steps } = await mesh.ask('p2p_workflow_status', { workflow_id: run.id }, stepsSchema)
      return steps.filter(({ state }) => state === 'running').map(({ id }) => id)
    })
    .toEqual(['profiles-1', 'profiles-2'])
  await mesh.call('p2p_workflow_cancel', { workflow_id: run.id })
})
