/** Every tab is reloaded at once, while it works. */
import { expect, test } from 'playwright/test'
import { createInvite, tabsAtWork } from '../mesh-client.ts'
import { connectClient, startNode, until } from '../node-process.ts'
import { BareBrowser, type BarePage } from './bare-browser.ts'
import { sumJob } from './jobs.ts'
import { Measured } from './measured.ts'
import { Submitter } from './submitter.ts'
import { expectEachCommittedOnce } from './verdict.ts'

const TABS = 12
const ROUNDS = 2
const TASKS = 240
/** All are back in this time where the machine has nothing else to do; on a busy one the time is printed. */
const GOAL_MS = 10_000
const AT_MOST_MS = 120_000

test(`${TABS} tabs are reloaded at once: all are back, and nothing is lost`, async () => {
  const measured = new Measured(`mesh-reload: ${TABS} tabs are reloaded at once`)
  const node = await startNode()
  const client = await connectClient(node)
  const submitter = new Submitter(node)
  const browser = await BareBrowser.launch()
  try {
    const pages: BarePage[] = []
    for (let n = 0; n < TABS; n += 1) {
      pages.push(await browser.open((await createInvite(client)).url))
      await until(`${n + 1} tabs at work`, async () => (await atWork()).length > n || undefined)
    }
    const before = await atWork()
    measured.row('paths of the tabs', countsOf(before.map(({ path }) => path ?? '')))
    const acknowledged = []
    for (let round = 1; round <= ROUNDS; round += 1) {
      const jobs = Array.from({ length: TASKS }, (_, n) => sumJob(n, { requires: ['kind:tab'] }))
      acknowledged.push(...(await submitter.submitAll(`reload-${round}`, jobs, TASKS)))
      await Promise.all(pages.map(page => page.evaluate('window.before = true')))
      const since = Date.now()
      await Promise.all(pages.map(page => page.reload()))
      const times = await Promise.all(pages.map(page => untilBack(page, since)))
      times.sort((x, y) => x - y)
      measured.row(`half of them back (${round})`, `${times[TABS / 2 - 1]} ms`)
      measured.goal(`all of them back (${round})`, times.at(-1) ?? Number.NaN, GOAL_MS)
      await until('all of them at work', async () => (await atWork()).length === TABS || undefined)
    }
    const ids = new Set((await atWork()).map(({ peer_id }) => peer_id))
    expect(
      before.every(({ peer_id }) => ids.has(peer_id)),
      'each comes back as who it was',
    ).toBe(true)
    await expectEachCommittedOnce(node, acknowledged, measured)
    expect(node.output()).not.toContain('is left alone for a while')
  } finally {
    measured.print()
    await browser.close()
    await client.close()
    await submitter.close()
    await node.stop('SIGKILL')
  }

  function atWork() {
    return tabsAtWork(client)
  }
})

/** Milliseconds until a page that was reloaded is in the mesh again, as it says itself. */
async function untilBack(page: BarePage, since: number): Promise<number> {
  return until(
    'a tab to be back',
    async () => {
      const fresh = (await page.evaluate('window.before').catch(() => true)) === undefined
      const text = fresh ? await page.text().catch(() => '') : ''
      return /Ready for work|Running \d+ tool/.test(text) ? Date.now() - since : undefined
    },
    AT_MOST_MS,
  )
}

function countsOf(values: string[]): string {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].map(([value, count]) => `${count} ${value}`).join(', ')
}
