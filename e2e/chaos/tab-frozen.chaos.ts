/** A tab's process is stopped without a word, and comes back when its work has been done elsewhere. */
import { expect, test } from 'playwright/test'
import { tabsAtWork } from '../mesh-client.ts'
import { connectClient, startNode, until } from '../node-process.ts'
import { hashJob, longJob } from './jobs.ts'
import { Measured } from './measured.ts'
import { untilRunningAt } from './rerun.ts'
import { Submitter } from './submitter.ts'
import { openWorkingTab, type WorkingTab } from './tabs-at-work.ts'
import { allEvents, resultOf, taskStatus } from './task-history.ts'
import { expectEachCommittedOnce } from './verdict.ts'

const LEASE_MS = 6_000
const LONG_TASKS = 12
const LATER_TASKS = 200
/** On a machine that is busy; the goal itself is printed. */
const AT_MOST_MS = 90_000

/** A tab that sees late that its connection has gone waits for its pings, and then for its turn to dial. */
const BACK_WITHIN_MS = 180_000

/** A node that offers none of the better ways is reached by the WebSocket of its HTTP server. */
const PATHS = {
  websocket: ['--p2p.listen', '/ip4/127.0.0.1/tcp/0'],
  'webrtc-direct': ['--p2p.listen', '/ip4/127.0.0.1/udp/0/webrtc-direct'],
  webtransport: [],
}
/** Shorter than its connection is kept, so that it goes on with its session; or longer, so that it comes anew. */
const UNTIL = ['its work is done', 'the node has given it up'] as const

const cases = Object.entries(PATHS).flatMap(([path, args]) => UNTIL.map(end => ({ path, args, end })))
for (const { path, args, end } of cases) {
  test(`a tab on ${path} is frozen until ${end}: its work runs elsewhere, and what it says when it is back comes too late`, async () => {
    const measured = new Measured(
      `tab-frozen: SIGSTOP of a tab's renderer, ${path}, lease ${LEASE_MS} ms, until ${end}`,
    )
    const lease = ['--queue.lease', String(LEASE_MS), '--queue.grace', String(LEASE_MS / 2)]
    const node = await startNode({ args: [...args, ...lease] })
    const client = await connectClient(node)
    const submitter = new Submitter(node)
    const tabs: WorkingTab[] = []
    const stopped: number[] = []
    try {
      const [frozen, other] = [await openWorkingTab(client), await openWorkingTab(client)]
      tabs.push(frozen, other)
      expect(frozen.path).toBe(path)
      const job = await longJob(2, { requires: ['kind:tab'] })
      const tasks = await submitter.submitAll('frozen', Array(LONG_TASKS).fill(job), 4)
      await untilRunningAt(client, frozen.peerId, tasks)
      stopped.push(...(await frozen.browser.renderers()))
      for (const pid of stopped) process.kill(pid, 'SIGSTOP')
      const frozenAt = Date.now()
      const held = await untilRunningAt(client, frozen.peerId, tasks)
      measured.row('attempts held when it was frozen', held.length)

      for (const task of tasks) await resultOf(client, task.task_id)
      for (const task_id of held) {
        const { attempts } = await taskStatus(client, task_id)
        const lost = attempts.findIndex(({ peer_id }) => peer_id === frozen.peerId)
        const [first, next] = attempts.slice(lost)
        expect(first?.state, 'the attempt of the frozen tab').toBe('lost')
        expect(next?.fence, 'the fence after it').toBeGreaterThan(first?.fence ?? Number.NaN)
        const afterMs = Date.parse(next?.started_at ?? '') - frozenAt
        measured.goal('from the freeze to running again', afterMs, 2 * LEASE_MS)
        expect(afterMs).toBeLessThan(AT_MOST_MS)
      }
      if (end === 'the node has given it up') {
        const isThere = async () =>
          (await tabsAtWork(client)).some(({ peer_id }) => peer_id === frozen.peerId)
        await until(end, async () => ((await isThere()) ? undefined : true), BACK_WITHIN_MS)
      }
      measured.row('frozen for', `${Date.now() - frozenAt} ms`)
      const before = (await allEvents(client)).length
      for (const pid of stopped.splice(0)) process.kill(pid, 'SIGCONT')
      const backAt = Date.now()
      await until(
        'the tab to take work again',
        async () => (await tabsAtWork(client)).find(({ peer_id }) => peer_id === frozen.peerId),
        BACK_WITHIN_MS,
      )
      measured.row('back at work after', `${Date.now() - backAt} ms`)
      // It finishes what it ran, says so, and runs new tasks: by then its late outcome has been answered.
      const later = await submitter.submitAll(
        'later',
        Array.from({ length: LATER_TASKS }, (_, n) => hashJob(n, { requires: ['kind:tab'] })),
        LATER_TASKS,
      )
      await other.browser.close()
      for (const { task_id } of later) await resultOf(client, task_id)
      expect(await frozen.page.text()).not.toMatch(/results? (is|are) kept here/)
      const since = (await allEvents(client)).slice(before)
      const old = new Set(tasks.map(({ task_id }) => task_id))
      expect(since.filter(({ task_id }) => old.has(task_id))).toEqual([])
      expect(since.some(({ peer_id, state }) => peer_id === frozen.peerId && state === 'succeeded')).toBe(
        true,
      )
      await expectEachCommittedOnce(node, [...tasks, ...later], measured)
    } finally {
      measured.print()
      for (const pid of stopped) process.kill(pid, 'SIGCONT')
      for (const { browser } of tabs) await browser.close()
      await client.close()
      await submitter.close()
      await node.stop('SIGKILL')
    }
  })
}
