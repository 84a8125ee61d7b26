/** A page is hidden for minutes, on WebSocket alone: the browser slows its timers, and no lease of it may end. */
import { expect, test } from 'playwright/test'
import { connectClient, startNode } from '../node-process.ts'
import { longJob } from './jobs.ts'
import { Measured } from './measured.ts'
import { type Acknowledged, Submitter } from './submitter.ts'
import { openWorkingTab, type WorkingTab } from './tabs-at-work.ts'
import { resultOf, taskStatus } from './task-history.ts'
import { expectEachCommittedOnce } from './verdict.ts'

/** After five Chromium slows timers further, to one a minute, of pages that it does not spare: the ticks printed tell. */
const MINUTES = Number(process.env.CHAOS_HIDDEN_MINUTES ?? 7)
const LEASE_MS = 6_000
/** Each attempt is made to take longer than this, on whatever machine. */
const LONG_MS = 1.5 * LEASE_MS

test(`a page is hidden for ${MINUTES} minutes on WebSocket alone, and no lease is lost`, async () => {
  test.setTimeout((MINUTES + 8) * 60_000)
  const measured = new Measured(`hidden: a page behind another for ${MINUTES} min, lease ${LEASE_MS} ms`)
  const node = await startNode({
    args: ['--p2p.listen', '/ip4/127.0.0.1/tcp/0', '--queue.lease', String(LEASE_MS)],
  })
  const client = await connectClient(node)
  const submitter = new Submitter(node)
  let tab: WorkingTab | undefined
  try {
    tab = await openWorkingTab(client)
    expect(tab.path).toBe('websocket')
    const { page } = tab
    // Once a second where timers run as they should.
    await page.evaluate('globalThis.ticks = 0; setInterval(() => { ticks += 1 }, 1000); true')
    await tab.browser.open('about:blank')
    const ticksIn = async () => Number(await page.evaluate('ticks'))
    const visibility = () => page.evaluate('document.visibilityState')
    const hiddenAt = performance.now()
    let times = 8
    let job = await longJob(times, { requires: ['kind:tab'] })
    const tasks: Acknowledged[] = []
    const took: number[] = []
    const ticks: number[] = [await ticksIn()]
    let minute = 1
    do {
      const [task] = await submitter.submitAll(`hidden-${tasks.length}`, [job], 1)
      if (task === undefined) throw new Error('not acknowledged')
      tasks.push(task)
      const ended = await resultOf(client, task.task_id)
      expect(ended.state).toBe('succeeded')
      const { attempts } = await taskStatus(client, task.task_id)
      const [only] = attempts
      expect(attempts, `attempts of task ${tasks.length}`).toHaveLength(1)
      expect(only?.peer_id).toBe(tab.peerId)
      const ms = Date.parse(only?.ended_at ?? '') - Date.parse(only?.started_at ?? '')
      took.push(ms)
      if (ms < LONG_MS) {
        times *= 2
        job = await longJob(times, { requires: ['kind:tab'] })
      }
      expect(await visibility()).toBe('hidden')
      for (; performance.now() - hiddenAt >= minute * 60_000; minute++) ticks.push(await ticksIn())
    } while (performance.now() - hiddenAt < MINUTES * 60_000)
    const perMinute = ticks.slice(1).map((count, n) => count - (ticks[n] ?? 0))
    measured.row('ticks of a page timer of 1 s in each minute', perMinute.join(', '))
    measured.row('tasks, one after another; leases lost', `${tasks.length}; 0`)
    measured.row('an attempt took, ms', `${Math.min(...took)} to ${Math.max(...took)}`)
    expect(Math.max(...took), 'longer than a lease').toBeGreaterThan(LEASE_MS)
    await expectEachCommittedOnce(node, tasks, measured)
  } finally {
    measured.print()
    await tab?.browser.close()
    await client.close()
    await submitter.close()
    await node.stop('SIGKILL')
  }
})
