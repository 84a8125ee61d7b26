import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { type BrowserContext, expect, type Page, test } from 'playwright/test'
import { callTool, connectClient, type NodeProcess, startNode, until } from './node-process.ts'

interface Receipt {
  tasks: { task_id: string; state: string }[]
}
interface Status {
  task_id: string
  state: string
  attempts: { number: number; fence: number; peer_id: string; state: string }[]
}
interface Peers {
  peers: {
    peer_id: string
    kind: string
    connected: boolean
    credits: number
    path?: string
    rtt_ms?: number
  }[]
}

/** About 40 ms of honest work in a worker, with a result that differs for each `n`. */
function work(n: number, requires = ['kind:tab']) {
  return { tool: 'data_json_query', params: { json: { n }, query: '$sum([1..6000].($ % 7)) + n' }, requires }
}

const SUM = Array.from({ length: 6000 }, (_, i) => (i + 1) % 7).reduce((a, b) => a + b, 0)

async function tabs(client: Client): Promise<Peers['peers']> {
  const { peers } = await callTool<Peers>(client, 'p2p_peer_list')
  return peers.filter(peer => peer.kind === 'tab' && peer.connected && peer.credits > 0)
}

async function invite(client: Client): Promise<string> {
  const { url } = await callTool<{ url: string }>(client, 'p2p_invite_create', { roles: ['work'], uses: 1 })
  return url
}

async function join(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(url)
  await expect(page.getByRole('button', { name: 'Leave' })).toBeVisible()
  return page
}

async function submit(client: Client, count: number, requires?: string[]): Promise<string[]> {
  const tasks = Array.from({ length: count }, (_, n) => work(n, requires))
  const receipt = await callTool<Receipt>(client, 'p2p_taskqueue_submit', { tasks })
  return receipt.tasks.map(task => task.task_id)
}

async function countDone(client: Client): Promise<number> {
  const { counts } = await callTool<{ counts: Record<string, number> }>(client, 'p2p_taskqueue_status')
  return counts.succeeded ?? 0
}

/** Every task ended `succeeded` with exactly one committed attempt and its own right result. */
async function expectAllCommittedOnce(client: Client, ids: string[]): Promise<Status[]> {
  const statuses: Status[] = []
  for (const [n, task_id] of ids.entries()) {
    const ended = await callTool<{ state: string; result?: { result: number } }>(
      client,
      'p2p_taskqueue_get_result',
      {
        task_id,
        wait_ms: 60_000,
      },
    )
    expect(ended.state).toBe('succeeded')
    expect(ended.result?.result).toBe(SUM + n)
    const status = await callTool<Status>(client, 'p2p_taskqueue_task_status', { task_id })
    expect(status.attempts.filter(attempt => attempt.state === 'succeeded')).toHaveLength(1)
    statuses.push(status)
  }
  return statuses
}

test.describe('a browser tab', () => {
  let node: NodeProcess
  let client: Client

  test.beforeEach(async () => {
    node = await startNode()
    client = await connectClient(node)
  })
  test.afterEach(async () => {
    await client.close()
    await node.stop('SIGKILL')
  })

  test('joins by the printed link over a direct path and runs what only tabs may run', {
    tag: '@deno',
  }, async ({ page }) => {
    const violations: string[] = []
    page.on('console', message => {
      if (message.text().includes('Content Security Policy')) violations.push(message.text())
    })
    page.on('pageerror', error => violations.push(String(error)))
    await page.goto(node.joinUrl)
    await expect(page.getByRole('button', { name: 'Leave' })).toBeVisible()
    const [tab] = await until('the tab to announce itself', async () => {
      const found = await tabs(client)
      return found.length === 1 ? found : undefined
    })
    expect(tab?.path).toMatch(/^(webtransport|webrtc-direct|websocket)$/)
    const ids = await submit(client, 3)
    const statuses = await expectAllCommittedOnce(client, ids)
    for (const status of statuses) expect(status.attempts.at(-1)?.peer_id).toBe(tab?.peer_id)
    expect(await page.evaluate(() => location.hash)).toBe('')
    expect(violations).toEqual([])
  })

  test('hands its work to the next one when it is closed in the middle: 200 tasks, each committed once', async ({
    context,
  }) => {
    const first = await join(context, node.joinUrl)
    const ids = await submit(client, 200)
    await until('40 tasks done by the first tab', async () =>
      (await countDone(client)) >= 40 ? true : undefined,
    )
    await first.close()
    expect(await countDone(client)).toBeLessThan(200)
    await join(context, await invite(client))
    const statuses = await expectAllCommittedOnce(client, ids)
    const workers = new Set(statuses.map(s => s.attempts.find(a => a.state === 'succeeded')?.peer_id))
    expect(workers.size).toBeGreaterThanOrEqual(1)
  })

  test('keeps its identity over a reload, and a second tab of the browser is a second peer', async ({
    context,
  }) => {
    const page = await join(context, node.joinUrl)
    const [before] = await until('one tab', async () => {
      const found = await tabs(client)
      return found.length === 1 ? found : undefined
    })
    await page.reload()
    await expect(page.getByRole('button', { name: 'Leave' })).toBeVisible()
    await until('the same tab again', async () => {
      const found = await tabs(client)
      return found.length === 1 && found[0]?.peer_id === before?.peer_id ? true : undefined
    })
    await join(context, await invite(client))
    await until('two peers', async () => {
      const found = await tabs(client)
      return new Set(found.map(peer => peer.peer_id)).size === 2 ? true : undefined
    })
  })

  test('comes back by itself after the node was killed, and nothing acknowledged is lost', {
    tag: '@deno',
  }, async ({ context }) => {
    const page = await join(context, node.joinUrl)
    const ids = await submit(client, 120)
    await until('some tasks done', async () => ((await countDone(client)) >= 20 ? true : undefined))
    await node.stop('SIGKILL')
    await client.close()
    const port = Number(new URL(node.origin).port)
    node = await startNode({ dataDir: node.dataDir, port })
    client = await connectClient(node)
    await expectAllCommittedOnce(client, ids)
    await expect(page.getByRole('button', { name: 'Leave' })).toBeVisible()
  })

  test('takes no work while paused, goes on when resumed, and drains before it leaves', async ({
    context,
  }) => {
    const page = await join(context, node.joinUrl)
    await page.getByRole('button', { name: 'Pause' }).click()
    await until('no credits', async () => ((await tabs(client)).length === 0 ? true : undefined))
    const ids = await submit(client, 20)
    await page.getByRole('button', { name: 'Resume' }).click()
    await until('work to begin', async () => ((await countDone(client)) >= 2 ? true : undefined))
    await page.getByRole('button', { name: 'Leave' }).click()
    await until('the tab gone', async () => ((await tabs(client)).length === 0 ? true : undefined))
    await expect(page.getByRole('button', { name: 'Leave' })).toBeHidden()
    // The node has seen the tab's last outcomes when nothing runs any more.
    const counts = await until('what it ran to end', async () => {
      const status = await callTool<{ counts: Record<string, number> }>(client, 'p2p_taskqueue_status')
      return status.counts.running === 0 ? status.counts : undefined
    })
    expect((counts.succeeded ?? 0) + (counts.queued ?? 0)).toBe(20)
    await join(context, await invite(client))
    await expectAllCommittedOnce(client, ids)
  })

  test('ends a worker whose tool overruns and goes on with the next task', async ({ context }) => {
    await join(context, node.joinUrl)
    const endless = {
      tool: 'data_json_query',
      params: { json: null, query: '($f := function($n) { $f($n + 1) }; $f(0))' },
      requires: ['kind:tab'],
      attempt_timeout_ms: 1500,
      retry: { max_attempts: 1 },
    }
    const receipt = await callTool<Receipt>(client, 'p2p_taskqueue_submit', { tasks: [endless] })
    const ended = await callTool<{ state: string; error?: { code: string } }>(
      client,
      'p2p_taskqueue_get_result',
      {
        task_id: receipt.tasks[0]?.task_id,
        wait_ms: 60_000,
      },
    )
    expect(ended.state).toBe('failed')
    expect(ended.error?.code).toBe('timed_out')
    await expectAllCommittedOnce(client, await submit(client, 5))
  })

  test('is turned away with a plain reason when its invite was used up or revoked', async ({ context }) => {
    const { url, id } = await callTool<{ url: string; id: string }>(client, 'p2p_invite_create', {
      roles: ['work'],
    })
    await callTool(client, 'p2p_invite_revoke', { id })
    const page = await context.newPage()
    await page.goto(url)
    await expect(
      page
        .getByText(/invite/i)
        .filter({ hasText: /not valid|revoked|expired|no longer|refused/i })
        .first(),
    ).toBeVisible()
    expect(await tabs(client)).toEqual([])
  })
})
