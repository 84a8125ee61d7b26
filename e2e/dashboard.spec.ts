import { expect, type Page, test } from 'playwright/test'
import { callTool, connectClient, type NodeProcess, startNode } from './node-process.ts'

let node: NodeProcess
test.beforeEach(async () => {
  node = await startNode()
})
test.afterEach(async () => {
  await node.stop('SIGKILL')
})

/** Fails the test for any violation of the page's security policy and any error of its scripts. */
function watch(page: Page): string[] {
  const faults: string[] = []
  page.on('pageerror', error => faults.push(String(error)))
  page.on('console', message => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text())
  })
  return faults
}

async function submit(count: number, requires: string[] = []): Promise<void> {
  const client = await connectClient(node)
  const tasks = Array.from({ length: count }, (_, n) => ({
    tool: 'text_chunk',
    params: { text: `Document ${n}. `.repeat(50) },
    requires,
  }))
  await callTool(client, 'p2p_taskqueue_submit', { tasks })
  await client.close()
}

test('shows the node at work, live, without a reload', async ({ page }) => {
  const faults = watch(page)
  await page.goto(node.origin)
  await expect(page.getByRole('heading', { name: 'Tasks', exact: true })).toBeVisible()
  await submit(30)
  const rows = page.getByRole('region', { name: 'Tasks' }).getByRole('row')
  await expect(rows).toHaveCount(31)
  await expect(page.getByText('succeeded').first()).toBeVisible()
  await rows.nth(1).click()
  await expect(page.getByRole('dialog')).toContainText('text_chunk')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toBeHidden()
  expect(faults).toEqual([])
})

test('one button joins a tab, which then stands among the peers with its path and round trip', async ({
  page,
  context,
}) => {
  const faults = watch(page)
  await page.goto(node.origin)
  const opened = context.waitForEvent('page')
  await page.getByRole('button', { name: 'Join with a tab' }).click()
  const tab = await opened
  await expect(tab.getByRole('button', { name: 'Leave' })).toBeVisible()
  const peers = page.getByRole('region', { name: 'Peers' })
  await expect(peers.getByRole('row').filter({ hasText: /WebTransport|WebRTC-Direct/ })).toContainText('ms')
  await submit(10, ['kind:tab'])
  await expect(tab.getByText('finished here', { exact: true }).locator('..')).toContainText('10')
  await expect(peers.getByRole('row').filter({ hasText: /WebTransport|WebRTC-Direct/ })).toContainText('10')
  await tab.getByRole('button', { name: 'Leave' }).click()
  await expect(peers.getByRole('row').filter({ hasText: /WebTransport|WebRTC-Direct/ })).toHaveCount(0)
  expect(faults).toEqual([])
})

test('says that the node is gone, and goes on by itself when it is back', async ({ page }) => {
  await page.goto(node.origin)
  await expect(page.getByRole('heading', { name: 'Tasks', exact: true })).toBeVisible()
  await node.stop('SIGKILL')
  await expect(page.getByText(/reconnecting/i).first()).toBeVisible()
  node = await startNode({ dataDir: node.dataDir, port: Number(new URL(node.origin).port) })
  await expect(page.getByText(/reconnecting/i)).toHaveCount(0)
  await submit(3)
  await expect(page.getByRole('region', { name: 'Tasks' }).getByRole('row')).toHaveCount(4)
})

test('pauses and resumes the queue, cancels a task, and submits what failed again', async ({ page }) => {
  const faults = watch(page)
  const client = await connectClient(node)
  await page.goto(node.origin)
  const tasks = page.getByRole('region', { name: 'Tasks' })
  const filter = (name: RegExp) =>
    page.getByRole('group', { name: 'Show tasks by state' }).getByRole('button', { name })

  const failing = { tool: 'data_json_query', params: { json: {}, query: '$error("boom")' } }
  await callTool(client, 'p2p_taskqueue_submit', failing)
  await filter(/^Failed 1$/i).click()
  await page.getByRole('button', { name: 'Submit it again' }).click()
  await expect(filter(/^Failed 2$/i)).toBeVisible()
  await tasks.getByRole('row').nth(1).click()
  await page.getByRole('button', { name: 'Submit again' }).click()
  await expect(page.getByRole('dialog')).toContainText('boom')
  await page.keyboard.press('Escape')
  await expect(filter(/^Failed 3$/i)).toBeVisible()

  await callTool(client, 'p2p_taskqueue_submit', {
    tool: 'crypto_hash',
    params: { text: 'a' },
    requires: ['gpu'],
  })
  await filter(/^Queued 1$/i).click()
  const notes = page.getByRole('list', { name: 'Why tasks wait' })
  await expect(notes).toContainText('a worker labelled gpu')
  await page.getByRole('button', { name: 'Pause the queue' }).click()
  await expect(notes).toContainText('all tasks')
  await callTool(client, 'p2p_taskqueue_submit', { tool: 'crypto_hash', params: { text: 'b' } })
  await expect(filter(/^Queued 2$/i)).toBeVisible()
  await notes.getByRole('button', { name: 'Resume' }).click()
  await expect(filter(/^Succeeded 1$/i)).toBeVisible()

  await tasks.getByRole('row').nth(1).click()
  await expect(page.getByRole('dialog')).toContainText('a worker labelled gpu')
  await page.getByRole('button', { name: 'Cancel this task' }).click()
  await expect(page.getByRole('dialog')).toContainText('cancelled in the dashboard')
  await page.keyboard.press('Escape')

  await callTool(client, 'p2p_taskqueue_schedule', {
    name: 'nightly',
    cron: '0 3 * * *',
    task: { tool: 'crypto_hash', params: { text: 'c' } },
  })
  await expect(page.getByRole('region', { name: 'Schedules' }).getByRole('row')).toContainText([
    'Name',
    'nightly',
  ])
  await client.close()
  expect(faults).toEqual([])
})
