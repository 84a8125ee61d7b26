/** Two nodes with two tabs each work on fifty workflows at once; a tab is closed, and a node is killed. */
import { type BrowserContext, chromium, expect, type Page, test } from 'playwright/test'
import { CHROMIUM_ARGS, findChromium } from '../chromium.ts'
import { createInvite, openTab, peerIdOf, untilTabs } from '../mesh-client.ts'
import { connectClient, type NodeProcess, startNode, until } from '../node-process.ts'
import { graph } from './graph.ts'
import { Measured } from './measured.ts'
import { PatientClient } from './patient-client.ts'
import { allEvents, counts, type TaskEvent, TERMINAL } from './task-history.ts'
import { expectWorkflowsRight, type Submitted } from './workflow-verdict.ts'

const WORKFLOWS_EACH = 25
const TABS_EACH = 2
/** Steps of each workflow, a fan-out beside them, and of every so many steps one that only a tab may run. */
const SHAPE = { steps: 20, fanOut: 100, tabEvery: 4 }
/** A disaster comes when so many tasks of its node have succeeded. */
const TAB_CLOSED_AFTER = 500
const KILLED_AFTER = 1_000
const GRACE_MS = 5_000
/** From the kill until the node has started again and its workflows go on. */
const RESTART_GOAL_MS = 5_000

test(`two nodes and four tabs work on ${2 * WORKFLOWS_EACH} workflows; a tab is closed and a node is killed`, async () => {
  const measured = new Measured(
    `workflows: ${WORKFLOWS_EACH} at each of two nodes, each of ${SHAPE.steps} steps and a fan-out of ${SHAPE.fanOut}`,
  )
  const executablePath = findChromium()
  const browser = await chromium.launch({
    args: [...CHROMIUM_ARGS],
    ...(executablePath === undefined ? {} : { executablePath }),
  })
  const started: NodeProcess[] = []
  try {
    const [first, second] = [await startNode(), await startNode()]
    started.push(first, second)
    const context = await browser.newContext()
    const tabs = await openTabs(context, first)
    const kept = await openTabs(context, second)
    const began = performance.now()
    const submissions = [submitAll(first, 0), submitAll(second, WORKFLOWS_EACH)]

    await untilSucceeded(first, TAB_CLOSED_AFTER)
    const [closed] = tabs
    const closedPeer = await peerIdOf(closed as Page)
    await closed?.close()
    const closedAt = Date.now()
    measured.row('a tab is closed with so many tasks done', await succeeded(first))

    await untilSucceeded(second, KILLED_AFTER)
    measured.row('a node is killed with so many tasks done', await succeeded(second))
    const killedAt = Date.now()
    await second.stop('SIGKILL')
    const again = await startNode({ dataDir: second.dataDir, port: Number(new URL(second.origin).port) })
    started[1] = again
    measured.row('kill to ready', `${Date.now() - killedAt} ms`)
    expect(await unended(again), 'work was left').toBeGreaterThan(0)
    const client = await connectClient(again)
    await untilTabs(client, TABS_EACH)
    measured.row('kill to both of its tabs at work again', `${Date.now() - killedAt} ms`)
    await client.close()

    const [atFirst, atSecond] = await Promise.all(submissions)
    for (const [node, submitted] of [
      [first, atFirst],
      [again, atSecond],
    ] as const)
      await expectWorkflowsRight(node, submitted ?? [], measured)
    measured.row('submit to the last outcome seen', `${Math.round(performance.now() - began)} ms`)

    const journals = { first: await journalOf(first), second: await journalOf(again) }
    measured.row('longest time without an end at the node of the closed tab', stillness(journals.first))
    const reruns = abandoned(journals.first, closedPeer, closedAt)
    measured.row('attempts that the closed tab left behind', reruns.length)
    if (reruns.length > 0)
      measured.goal('close to the slowest of them elsewhere', Math.max(...reruns), GRACE_MS)
    const next = journals.second.find(({ at, state }) => TERMINAL.has(state) && Date.parse(at) > killedAt)
    measured.goal('kill to the next end of a step', Date.parse(next?.at ?? '') - killedAt, RESTART_GOAL_MS)
    expect(kept).toHaveLength(TABS_EACH)
  } finally {
    measured.print()
    await browser.close()
    for (const node of started) await node.stop('SIGKILL')
  }
})

async function openTabs(context: BrowserContext, node: NodeProcess): Promise<Page[]> {
  const client = await connectClient(node)
  const pages: Page[] = []
  for (let n = 0; n < TABS_EACH; n++) pages.push(await openTab(context, (await createInvite(client)).url))
  await untilTabs(client, TABS_EACH)
  await client.close()
  return pages
}

async function submitAll(node: NodeProcess, from: number): Promise<Submitted[]> {
  const client = new PatientClient(node)
  const submitted: Submitted[] = []
  for (let n = from; n < from + WORKFLOWS_EACH; n++) {
    const made = graph(n, SHAPE)
    const { workflow_id } = await client.call<{ workflow_id: string }>('p2p_workflow_submit', {
      workflow: made.definition,
      input: made.input,
      idempotency_key: made.name,
    })
    submitted.push({ ...made, workflow_id })
  }
  await client.close()
  return submitted
}

async function succeeded(node: { origin: string }): Promise<number> {
  const client = await connectClient(node)
  const { succeeded = 0 } = await counts(client)
  await client.close()
  return succeeded
}

async function unended(node: { origin: string }): Promise<number> {
  const client = await connectClient(node)
  const { scheduled = 0, queued = 0, running = 0 } = await counts(client)
  await client.close()
  return scheduled + queued + running
}

async function untilSucceeded(node: { origin: string }, count: number): Promise<void> {
  const client = await connectClient(node)
  await until(`${count} tasks done`, async () =>
    ((await counts(client)).succeeded ?? 0) >= count ? true : undefined,
  )
  await client.close()
}

async function journalOf(node: { origin: string }): Promise<TaskEvent[]> {
  const client = await connectClient(node)
  const events = await allEvents(client)
  await client.close()
  return events
}

/** Between two ends of tasks that follow each other, at most. */
function stillness(journal: readonly TaskEvent[]): string {
  const ends = journal.filter(({ state }) => TERMINAL.has(state)).map(({ at }) => Date.parse(at))
  return `${Math.max(...ends.map((at, n) => at - (ends[n - 1] ?? at)))} ms`
}

/** Of each attempt that the peer had at `lostAt` and did not end: milliseconds until the next one of its task. */
function abandoned(journal: readonly TaskEvent[], peerId: string, lostAt: number): number[] {
  const running = new Map<string, boolean>()
  const found: number[] = []
  for (const { task_id, state, peer_id, at } of journal) {
    if (state === 'running' && running.get(task_id) && Date.parse(at) >= lostAt)
      found.push(Date.parse(at) - lostAt)
    if (state === 'running') running.set(task_id, peer_id === peerId)
    else if (TERMINAL.has(state)) running.delete(task_id)
  }
  return found
}
