/** The disk of the data directory is full, and then it is not. */
import { expect, test } from 'playwright/test'
import { callTool, connectClient, type NodeProcess, startNode, until } from '../node-process.ts'
import { hashJob } from './jobs.ts'
import { Measured } from './measured.ts'
import { fillDisk, mountRefused, mountTmpfs, unmount } from './mounted.ts'
import { overviewState, readiness } from './readiness.ts'
import { Submitter } from './submitter.ts'
import { counts, resultOf } from './task-history.ts'
import { expectEachCommittedOnce } from './verdict.ts'

const DISK_MIB = 64
const BEFORE = 3_000
const MORE = 200
/** Batches of 200 that may still fit into what the store had taken of the disk already. */
const BATCHES = 200

test('the disk is full: new work is refused and the node says why; with room again all goes on without a restart', async () => {
  const refused = await mountRefused()
  test.skip(refused !== undefined, refused)
  const measured = new Measured(`disk-full: the data directory on a tmpfs of ${DISK_MIB} MiB, filled`)
  const dataDir = await mountTmpfs(DISK_MIB)
  let node: NodeProcess | undefined
  try {
    node = await startNode({ dataDir })
    const { origin, child } = node
    const client = await connectClient(node)
    const submitter = new Submitter(node)
    const jobs = Array.from({ length: BEFORE }, (_, n) => hashJob(n))
    await submitter.submitAll('before', jobs, 200)
    const disk = fillDisk(dataDir)
    measured.row('filled in the middle of', JSON.stringify(await counts(client)))
    const filledAt = performance.now()
    const { name, code } = await submitUntilRefused(submitter)
    measured.row('refused as', `${code}, ${Math.round(performance.now() - filledAt)} ms after it was full`)
    expect(code).toBe('unavailable')

    const full = await until('not ready', async () => {
      const found = await readiness({ origin })
      return found.status === 503 ? found : undefined
    })
    measured.row('/readyz', `${full.status} ${full.body}`)
    expect(full.body).toMatch(/store/i)
    expect(full.body).toMatch(/full|space/i)
    expect(await overviewState(client)).toBe('degraded')
    const status = await callTool<{ state: string; failure: string }>(client, 'p2p_taskqueue_status')
    measured.row('status', `${status.state}: ${status.failure}`)
    expect(status).toMatchObject({ state: 'degraded', failure: expect.stringMatching(/full|space/i) })
    expect(await submitter.submitOnce(name, moreJobs(name)), 'refused again').toBe('unavailable')
    const [first] = submitter.acknowledged.values()
    expect(first && (await resultOf(client, first.task_id)).state, 'results can be read').toBe('succeeded')

    disk.empty()
    const emptiedAt = performance.now()
    await until('ready again', async () => ((await readiness({ origin })).status === 200 ? true : undefined))
    measured.row('ready again, after room was made', `${Math.round(performance.now() - emptiedAt)} ms`)
    expect(await overviewState(client)).toBe('ready')
    expect(child.exitCode, 'the same process').toBeNull()
    await submitter.submitAll(name, moreJobs(name), MORE)
    measured.row('refusals', [...submitter.failures].map(found => found.join(': ')).join('; '))
    await expectEachCommittedOnce(node, [...submitter.acknowledged.values()], measured)
    await client.close()
    await submitter.close()
  } finally {
    measured.print()
    await node?.stop('SIGKILL')
    await unmount(dataDir)
  }
})

test('a node is killed on a full disk: nothing acknowledged is lost when there is room again', async () => {
  const refused = await mountRefused()
  test.skip(refused !== undefined, refused)
  const measured = new Measured('disk-full: SIGKILL on a full disk')
  const dataDir = await mountTmpfs(DISK_MIB)
  let node: NodeProcess | undefined
  try {
    node = await startNode({ dataDir })
    const port = Number(new URL(node.origin).port)
    const submitter = new Submitter(node)
    const jobs = Array.from({ length: BEFORE }, (_, n) => hashJob(n))
    await submitter.submitAll('before', jobs, 200)
    const disk = fillDisk(dataDir)
    const { name } = await submitUntilRefused(submitter)
    await node.stop('SIGKILL')
    const onFull = await startNode({ dataDir, port }).catch((error: Error) => error)
    if (onFull instanceof Error) {
      measured.row('start on the full disk', onFull.message.split('\n').slice(1).join(' '))
      expect(onFull.message, 'says where').toContain(dataDir)
    } else {
      node = onFull
      measured.row('start on the full disk', `it starts; /readyz ${JSON.stringify(await readiness(node))}`)
    }
    disk.empty()
    if (onFull instanceof Error) node = await startNode({ dataDir, port })
    await submitter.submitAll(name, moreJobs(name), MORE)
    await expectEachCommittedOnce(node, [...submitter.acknowledged.values()], measured)
    await submitter.close()
  } finally {
    measured.print()
    await node?.stop('SIGKILL')
    await unmount(dataDir)
  }
})

/** Submits until a batch is refused; gives the name of its keys, and the code. */
async function submitUntilRefused(submitter: Submitter): Promise<{ name: string; code: string }> {
  for (let batch = 0; batch < BATCHES; batch++) {
    const name = `full-${batch}`
    const code = await submitter.submitOnce(name, moreJobs(name))
    if (code !== undefined) return { name, code }
  }
  throw new Error('a full disk refused nothing')
}

function moreJobs(name: string) {
  return Array.from({ length: MORE }, (_, n) => hashJob(`${name} ${n}`))
}
