/** The data directory becomes read-only under a node that runs, and a node is started on it. */
import { expect, test } from 'playwright/test'
import { connectClient, freshDir, type NodeProcess, startNode } from '../node-process.ts'
import { hashJob, wideJob } from './jobs.ts'
import { Measured } from './measured.ts'
import { mountReadOnly, mountRefused, unmount } from './mounted.ts'
import { overviewState, readiness } from './readiness.ts'
import { refusedStart } from './refused-start.ts'
import { Submitter } from './submitter.ts'
import { counts } from './task-history.ts'
import { expectEachCommittedOnce } from './verdict.ts'

const BEFORE = 3_000
const MEANWHILE = 500
/** More than a task's row holds: its parameters are a file of their own. */
const WIDE_BYTES = 2 * 1024 * 1024

test('the store becomes read-only: the queue goes on or says so, a start there is refused, and nothing is lost', async () => {
  const refused = await mountRefused()
  test.skip(refused !== undefined, refused)
  const measured = new Measured('disk-read-only: a read-only bind mount over the data directory')
  const dataDir = await freshDir()
  let node: NodeProcess = await startNode({ dataDir })
  const { origin } = node
  const port = Number(new URL(origin).port)
  const submitter = new Submitter({ origin })
  let mounted = false
  try {
    const before = Array.from({ length: BEFORE }, (_, n) => hashJob(n))
    await submitter.submitAll('before', before, 500)
    await mountReadOnly(dataDir)
    mounted = true
    const client = await connectClient(node)
    measured.row('read-only in the middle of', JSON.stringify(await counts(client)))

    const meanwhile = Array.from({ length: MEANWHILE }, (_, n) => hashJob(n + BEFORE))
    const small = await submitter.submitOnce('meanwhile', meanwhile)
    measured.row('small tasks submitted then', small ?? 'taken: the open files stay writable')
    expect([undefined, 'unavailable']).toContain(small)
    const wide = await submitter.submitOnce('wide', [wideJob(WIDE_BYTES)])
    measured.row('a task with a file of its own', wide ?? 'taken')
    expect([undefined, 'unavailable']).toContain(wide)
    const invite = await client.callTool({ name: 'p2p_invite_create', arguments: { roles: ['work'] } })
    measured.row('an invite', invite.isError ? JSON.stringify(invite.structuredContent) : 'made')
    const { status, body } = await readiness(node)
    measured.row('/readyz; overview', `${status} ${body}; ${await overviewState(client)}`)
    await client.close()

    await node.stop('SIGKILL')
    const start = await refusedStart(dataDir, await freshDir())
    measured.row('start on it: exit status, time, message', start.text)
    expect(start.code).toBeGreaterThan(0)
    expect(start.stderr.split('\n'), 'one line').toHaveLength(1)
    expect(start.stderr).toContain('dataDir')
    expect(start.stderr).toContain(dataDir)

    await unmount(dataDir)
    mounted = false
    node = await startNode({ dataDir, port })
    await submitter.submitAll('meanwhile', meanwhile, MEANWHILE)
    await submitter.submitAll('wide', [wideJob(WIDE_BYTES)], 1)
    await expectEachCommittedOnce(node, [...submitter.acknowledged.values()], measured)
  } finally {
    measured.print()
    await submitter.close()
    await node.stop('SIGKILL')
    if (mounted) await unmount(dataDir)
  }
})
