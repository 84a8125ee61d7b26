/** A second node is started on the data directory of one that runs. */
import { expect, test } from 'playwright/test'
import { freshDir, startNode } from '../node-process.ts'
import { hashJob } from './jobs.ts'
import { Measured } from './measured.ts'
import { refusedStart } from './refused-start.ts'
import { Submitter } from './submitter.ts'
import { expectEachCommittedOnce } from './verdict.ts'

const TASKS = 3_000
const INTRUDERS = 3

test('a second node on the same data directory refuses, and the first is undisturbed', async () => {
  const measured = new Measured('two-nodes: a second node on one data directory')
  const node = await startNode()
  const submitter = new Submitter(node)
  try {
    const jobs = Array.from({ length: TASKS }, (_, n) => hashJob(n))
    const submitted = submitter.submitAll('two', jobs, 100)
    for (let n = 0; n < INTRUDERS; n++) {
      const refused = await refusedStart(node.dataDir, await freshDir())
      measured.row(`exit status, after ms, message (${n + 1})`, refused.text)
      expect(refused.code).toBe(1)
      expect(refused.stderr).toMatch(/in use/)
      expect(refused.stderr).toContain(node.dataDir)
    }
    await expectEachCommittedOnce(node, await submitted, measured)
    expect([...submitter.failures], 'submits to the first that failed').toEqual([])
    expect(node.output()).not.toMatch(/error/i)
    expect(await node.stop(), 'exit status of the first').toBe(0)
  } finally {
    measured.print()
    await submitter.close()
    await node.stop('SIGKILL')
  }
})
