/** The node is killed again and again while 20,000 tasks are submitted and run. */
import { expect, test } from 'playwright/test'
import { connectClient, type NodeProcess, startNode } from '../node-process.ts'
import { hashJob } from './jobs.ts'
import { Measured } from './measured.ts'
import { seededRandom } from './seeded-random.ts'
import { Submitter } from './submitter.ts'
import { counts } from './task-history.ts'
import { expectEachCommittedOnce, expectStillTheSame } from './verdict.ts'

const TASKS = 20_000
const BATCH = 200
const KILLS = 8
/** The node lives so long between two kills, ms. */
const LIFE_MS = [50, 1_800] as const
const READ_AGAIN = 1_000

test(`a node is killed ${KILLS} times while ${TASKS} tasks run`, async () => {
  const measured = new Measured('kill: SIGKILL of the node, started again on the same data directory')
  const random = seededRandom()
  measured.row('CHAOS_SEED', random.seed)
  let node: NodeProcess = await startNode()
  const { origin, dataDir } = node
  const port = Number(new URL(origin).port)
  const submitter = new Submitter({ origin })
  try {
    const jobs = Array.from({ length: TASKS }, (_, n) => hashJob(n))
    const began = performance.now()
    const submitted = submitter.submitAll('kill', jobs, BATCH)
    const starts: number[] = []
    const unended: number[] = []
    for (let kills = 0; kills < KILLS; kills++) {
      await new Promise(resolve => setTimeout(resolve, random.between(...LIFE_MS)))
      await node.stop('SIGKILL')
      const acknowledged = submitter.acknowledged.size
      const killedAt = performance.now()
      node = await startNode({ dataDir, port })
      starts.push(performance.now() - killedAt)
      unended.push(await unendedTasks(node))
      const client = await connectClient(node)
      const all = Object.values(await counts(client)).reduce((sum, count) => sum + count, 0)
      await client.close()
      expect(all, `acknowledged before kill ${kills + 1}`).toBeGreaterThanOrEqual(acknowledged)
    }
    const acknowledged = await submitted
    measured.row('kills; tasks not ended after each', `${KILLS}; ${unended.join(', ')}`)
    measured.row('start to ready after each, ms', starts.map(Math.round).join(', '))
    measured.row('submits that had no answer', [...submitter.failures].map(f => f.join(': ')).join('; '))
    expect(unended.at(-1), 'work was left at the last kill').toBeGreaterThan(0)
    await expectEachCommittedOnce(node, acknowledged, measured)
    measured.row('first submit to last outcome seen', `${Math.round(performance.now() - began)} ms`)

    await node.stop('SIGKILL')
    node = await startNode({ dataDir, port })
    const sample = Array.from(
      { length: READ_AGAIN },
      () => acknowledged[random.between(0, TASKS - 1)] ?? [],
    ).flat()
    await expectStillTheSame(node, sample)
    measured.row('results read again after one more kill, the same', sample.length)
  } finally {
    measured.print()
    await submitter.close()
    await node.stop('SIGKILL')
  }
})

async function unendedTasks(node: NodeProcess): Promise<number> {
  const client = await connectClient(node)
  const { scheduled = 0, queued = 0, running = 0 } = await counts(client)
  await client.close()
  return scheduled + queued + running
}
