/** A tab is closed while it runs tasks. */
import { expect, test } from 'playwright/test'
import { connectClient, startNode } from '../node-process.ts'
import { sumJob } from './jobs.ts'
import { Measured } from './measured.ts'
import { rerunOfAbandoned, untilRunningAt } from './rerun.ts'
import { Submitter } from './submitter.ts'
import { openWorkingTab, type WorkingTab } from './tabs-at-work.ts'
import { expectEachCommittedOnce } from './verdict.ts'

const TASKS = 150
const GRACE_MS = 5_000
const LEASE_MS = 30_000
/** On a machine that is busy; the goal itself is printed. */
const AT_MOST_MS = 120_000

/** A page that is closed hangs up; one that is killed does not, and WebRTC needs half a minute to miss it. */
const GOAL_MS = { closed: GRACE_MS, 'killed with its browser': 2 * LEASE_MS }

for (const how of ['closed', 'killed with its browser'] as const) {
  test(`a tab is ${how} in the middle: another one does its work`, async () => {
    const measured = new Measured(`tab-closed: a tab is ${how} in the middle`)
    const node = await startNode({
      args: ['--queue.lease', String(LEASE_MS), '--queue.grace', String(GRACE_MS)],
    })
    const client = await connectClient(node)
    const submitter = new Submitter(node)
    const tabs: WorkingTab[] = []
    try {
      const [first, second] = [await openWorkingTab(client), await openWorkingTab(client)]
      tabs.push(first, second)
      measured.row('path of the tab', first.path)
      const jobs = Array.from({ length: TASKS }, (_, n) => sumJob(n, { requires: ['kind:tab'] }))
      const tasks = await submitter.submitAll('tab', jobs, TASKS)
      await untilRunningAt(client, first.peerId, tasks)
      const lostAt = Date.now()
      await (how === 'closed' ? first.page.close() : first.browser.close())
      const rerun = await rerunOfAbandoned(client, tasks, first.peerId, lostAt)
      measured.row('abandoned attempts', rerun.length)
      if (rerun.length > 0) {
        const slowest = Math.max(...rerun.map(({ afterMs }) => afterMs))
        measured.goal('slowest from the loss to running again', slowest, GOAL_MS[how])
        expect(slowest).toBeLessThan(AT_MOST_MS)
      }
      await expectEachCommittedOnce(node, tasks, measured)
    } finally {
      measured.print()
      for (const { browser } of tabs) await browser.close()
      await client.close()
      await submitter.close()
      await node.stop('SIGKILL')
    }
  })
}
