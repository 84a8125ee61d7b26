/** What an MCP client asks of a node about its tabs and tasks, and the join page as a person uses it. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { type BrowserContext, expect, type Page, type Worker } from 'playwright/test'
import { callTool, until } from './node-process.ts'

export interface PeerFacts {
  peer_id: string
  kind: string
  connected: boolean
  credits: number
  path?: string
}

export interface TaskFacts {
  task_id: string
  state: string
  attempts: { number: number; fence: number; peer_id: string; state: string }[]
}

/** The tabs that take work now. */
export async function tabsAtWork(client: Client): Promise<PeerFacts[]> {
  const { peers } = await callTool<{ peers: PeerFacts[] }>(client, 'p2p_peer_list')
  return peers.filter(peer => peer.kind === 'tab' && peer.connected && peer.credits > 0)
}

/** Waits until as many tabs take work. */
export async function untilTabs(client: Client, count: number): Promise<PeerFacts[]> {
  return until(`${count} tabs at work`, async () => {
    const found = await tabsAtWork(client)
    return found.length === count ? found : undefined
  })
}

export async function createInvite(
  client: Client,
  roles: string[] = ['work'],
): Promise<{ id: string; url: string; secret: string }> {
  const invite = await callTool<{ id: string; url: string }>(client, 'p2p_invite_create', { roles, uses: 1 })
  return { ...invite, secret: invite.url.split('.').at(-2) ?? '' }
}

/** Opens a join link and waits until the tab is in the mesh. */
export async function openTab(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage()
  page.on('dialog', dialog => void dialog.accept())
  await page.goto(url)
  await expectOnline(page)
  return page
}

export async function expectOnline(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { name: /Ready for work|Running \d+ tool/ })).toBeVisible()
}

/** The peer id of the tab in a page, as the page shows it. */
export async function peerIdOf(page: Page): Promise<string> {
  return (await page.locator('tm-connection-facts code').first().getAttribute('title')) ?? ''
}

/** Tasks that only tabs may run, each with a result of its own. */
export async function submitHashes(client: Client, count: number, more: object = {}): Promise<string[]> {
  const tasks = Array.from({ length: count }, (_, n) => ({
    tool: 'crypto_hash',
    params: { text: `${n}` },
    requires: ['kind:tab'],
    ...more,
  }))
  const receipt = await callTool<{ tasks: { task_id: string }[] }>(client, 'p2p_taskqueue_submit', { tasks })
  return receipt.tasks.map(task => task.task_id)
}

export function taskFacts(client: Client, task_id: string): Promise<TaskFacts> {
  return callTool<TaskFacts>(client, 'p2p_taskqueue_task_status', { task_id })
}

/** Waits until a task is in a state. */
export async function untilState(client: Client, taskId: string, state: string): Promise<TaskFacts> {
  return until(`task ${state}`, async () => {
    const facts = await taskFacts(client, taskId)
    return facts.state === state ? facts : undefined
  })
}

/** Waits until each task has succeeded; gives their facts, each with exactly one attempt that was committed. */
export async function expectCommittedOnce(client: Client, ids: string[]): Promise<TaskFacts[]> {
  const all: TaskFacts[] = []
  for (const task_id of ids) {
    const ended = await callTool<{ state: string; result?: { digest: string } }>(
      client,
      'p2p_taskqueue_get_result',
      { task_id, wait_ms: 60_000 },
    )
    expect(ended).toMatchObject({
      state: 'succeeded',
      result: { digest: expect.stringMatching(/^[\da-f]{64}$/) },
    })
    const facts = await taskFacts(client, task_id)
    expect(facts.attempts.filter(attempt => attempt.state === 'succeeded')).toHaveLength(1)
    all.push(facts)
  }
  return all
}

/**
 * Makes the tab's next task take at least so long: its only worker, which has run one task to be there, sleeps.
 * Submit at once afterwards.
 */
export async function holdWorker(page: Page, client: Client, ms: number): Promise<void> {
  await expectCommittedOnce(client, await submitHashes(client, 1))
  const workers = await until('the tool worker', async () => {
    const found = page.workers().filter(worker => worker.url().includes('tool-worker'))
    return found.length > 0 ? found : undefined
  })
  for (const worker of workers) await sleepIn(worker, ms)
}

/** Without a shared memory, which pages have only in isolation, `Atomics.wait` has nothing to wait on; WebAssembly gives one. */
async function sleepIn(worker: Worker, ms: number): Promise<void> {
  await worker.evaluate(milliseconds => {
    setTimeout(() => {
      const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
      Atomics.wait(new Int32Array(buffer), 0, 0, milliseconds)
    }, 0)
  }, ms)
}
