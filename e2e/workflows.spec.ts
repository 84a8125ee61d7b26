import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { expect, type Locator, type Page, test } from 'playwright/test'
import { callTool, connectClient, type NodeProcess, startNode } from './node-process.ts'

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

const HASH = { tool: 'crypto_hash', params: { text: { $from: 'input', path: '/text' } } }
const FAILS = {
  tool: 'data_json_query',
  params: { json: {}, query: '$error("boom")' },
  retry: { max_attempts: 1 },
}
const ASKS = {
  wait: {
    signal: 'approval',
    message: 'Publish it?',
    schema: {
      type: 'object',
      properties: {
        approved: { type: 'boolean' },
        place: { type: 'string', enum: ['eu', 'us'], title: 'Where' },
        copies: { type: 'integer', minimum: 1, maximum: 9, default: 2, title: 'Copies' },
      },
      required: ['approved', 'place'],
    },
  },
}

async function submit(name: string, steps: object[]): Promise<string> {
  const { workflow_id } = await callTool<{ workflow_id: string }>(client, 'p2p_workflow_submit', {
    workflow: { name, steps, input: { text: name } },
  })
  return workflow_id
}

/** One that succeeds, one that fails, one that waits for a person, one for a worker that never comes, one with a fan-out. */
async function submitFive(): Promise<Record<'quick' | 'broken' | 'asking' | 'stuck' | 'wide', string>> {
  const items = Array.from({ length: 60 }, (_, n) => `document ${n}`)
  const each = { tool: 'crypto_hash', params: { text: { $from: 'item' } } }
  const [quick, broken, asking, stuck, wide] = await Promise.all([
    submit('quick', [
      { id: 'one', ...HASH },
      { id: 'two', depends_on: ['one'], ...HASH },
    ]),
    submit('broken', [
      { id: 'start', ...HASH },
      { id: 'bad', title: 'The bad one', depends_on: ['start'], ...FAILS },
      { id: 'after', depends_on: ['bad'], ...HASH },
      { id: 'beside', depends_on: ['start'], ...HASH },
    ]),
    submit('asking', [
      { id: 'prepare', ...HASH },
      { id: 'ask', depends_on: ['prepare'], ...ASKS },
      { id: 'publish', when: { $from: 'ask', path: '/approved' }, ...HASH },
    ]),
    submit('stuck', [{ id: 'gpu', ...HASH, requires: ['gpu'] }]),
    submit('wide', [
      { id: 'map', ...each, for_each: { items, concurrency: 8 } },
      { id: 'sum', tool: 'data_json_query', params: { json: { $from: 'map' }, query: '$count($)' } },
    ]),
  ])
  return { quick, broken, asking, stuck, wide }
}

/** Fails the test for any violation of the page's security policy and any error of its scripts. */
function watch(page: Page): string[] {
  const faults: string[] = []
  page.on('pageerror', error => faults.push(String(error)))
  page.on('console', message => {
    if (message.type() === 'error') faults.push(message.text())
  })
  return faults
}

/** A step in the graph. */
function stepIn(page: Page, name: RegExp): Locator {
  return page.getByRole('group', { name: 'Graph of the steps' }).getByRole('button', { name })
}

test('lists five workflows live, by state, with addresses that can be gone back to and shared', async ({
  page,
}) => {
  const faults = watch(page)
  await page.goto(node.origin)
  await page.getByRole('link', { name: 'Workflows' }).click()
  await expect(page.getByRole('button', { name: 'Run the example' })).toBeVisible()
  const { wide } = await submitFive()
  const rows = page.getByRole('region', { name: 'Workflows' }).getByRole('row')
  await expect(rows).toHaveCount(6)
  await expect(rows.filter({ hasText: 'broken' })).toContainText('failed')
  await expect(rows.filter({ hasText: 'quick' })).toContainText('2 / 2')
  await expect(rows.filter({ hasText: 'asking' })).toContainText('waiting')
  await expect(rows.filter({ hasText: 'stuck' })).toContainText('running')

  const filters = page.getByRole('group', { name: 'Show workflows by state' })
  await filters.getByRole('button', { name: /^waiting 1$/i }).click()
  await expect(rows).toHaveCount(2)
  await expect(page).toHaveURL(/#\/workflows\?state=waiting$/)
  await page.goBack()
  await expect(rows).toHaveCount(6)

  await page.getByRole('link', { name: 'wide' }).click()
  await expect(page.getByRole('heading', { name: 'wide' })).toBeVisible()
  await expect(stepIn(page, /^map: succeeded.*60 \/ 60 items/)).toBeVisible()
  await stepIn(page, /^map/).click()
  await expect(page.getByRole('list', { name: 'Items' }).getByRole('listitem')).toHaveCount(25)
  await expect(page).toHaveURL(new RegExp(`#/workflows/${wide}/steps/map$`))
  await page.reload()
  await expect(page.getByRole('group', { name: 'Show items by state' })).toContainText('60')
  await page.goBack()
  await expect(page.getByRole('complementary', { name: 'Step' })).toHaveCount(0)
  await page.goBack()
  await expect(rows).toHaveCount(6)
  expect(faults).toEqual([])
})

test('a person approves by the form that the step asks for', async ({ page }) => {
  const faults = watch(page)
  const { asking } = await submitFive()
  await page.goto(`${node.origin}/#/workflows/${asking}`)
  await page.getByRole('link', { name: 'Publish it?' }).click()
  const form = page.getByRole('form', { name: 'Answer' })
  await expect(form).toContainText('Publish it?')
  await form.getByLabel('Where').selectOption('eu')
  await form.getByLabel(/Copies/).fill('3')
  await form.getByRole('button', { name: 'Approve', exact: true }).click()
  await expect(stepIn(page, /^publish: succeeded/)).toBeVisible()
  await expect(form).toHaveCount(0)
  await expect(page.getByRole('complementary', { name: 'Step' })).toContainText('"copies": 3')
  await expect(page.getByRole('region', { name: 'Result' })).toContainText('digest')
  const { state } = await callTool<{ state: string }>(client, 'p2p_workflow_result', { workflow_id: asking })
  expect(state).toBe('succeeded')
  expect(faults).toEqual([])
})

test('says why a step failed and what was skipped, and runs again from it', { tag: '@deno' }, async ({
  page,
}) => {
  const faults = watch(page)
  const { broken } = await submitFive()
  await page.goto(`${node.origin}/#/workflows/${broken}`)
  await expect(stepIn(page, /^after: skipped.*bad/)).toBeVisible()
  await expect(stepIn(page, /^beside: succeeded/)).toBeVisible()
  await stepIn(page, /^The bad one: failed/).click()
  const panel = page.getByRole('complementary', { name: 'Step' })
  await expect(panel).toContainText('boom')
  await expect(panel).toContainText('Attempts')
  await expect(panel).toContainText('"query": "$error(\\"boom\\")"')
  await panel.getByRole('button', { name: 'Retry from this step' }).click()
  const history = page.getByRole('list', { name: 'Changes, the newest first' })
  await expect(history).toContainText('run again as generation 2 by local: bad')
  await expect(panel).toContainText(/Generation\s*2/)
  await page.getByRole('button', { name: 'Retry the failed step' }).click()
  await expect(history).toContainText('run again as generation 3 by local: bad')
  expect(faults).toEqual([])
})

test('cancels a workflow once it was asked twice', async ({ page }) => {
  const faults = watch(page)
  const { stuck } = await submitFive()
  await page.goto(`${node.origin}/#/workflows/${stuck}`)
  await expect(stepIn(page, /^gpu: running/)).toBeVisible()
  await page.getByRole('button', { name: 'Cancel…' }).click()
  await page.getByRole('button', { name: 'Keep it running' }).click()
  await expect(stepIn(page, /^gpu: running/)).toBeVisible()
  await page.getByRole('button', { name: 'Cancel…' }).click()
  await page.getByRole('button', { name: 'Cancel the workflow' }).click()
  await expect(stepIn(page, /^gpu: cancelled/)).toBeVisible()
  await expect(page.getByRole('button', { name: 'Cancel…' })).toHaveCount(0)
  await expect(page.getByRole('list', { name: 'Changes, the newest first' })).toContainText(
    'cancelled in the dashboard',
  )
  expect(faults).toEqual([])
})

test('the graph is used by keys alone, and the table has the same on a phone', async ({ page }) => {
  const faults = watch(page)
  const { broken } = await submitFive()
  await page.goto(`${node.origin}/#/workflows/${broken}`)
  await stepIn(page, /^start/).focus()
  await page.keyboard.press('ArrowRight')
  await expect(page.locator('g:focus')).toHaveAttribute('data-step', /^(bad|beside)$/)
  const picture = page.getByRole('group', { name: 'Graph of the steps' }).locator('svg > g').first()
  const before = await picture.getAttribute('transform')
  await page.keyboard.press('+')
  await expect(picture).not.toHaveAttribute('transform', before ?? '')
  await page.keyboard.press('0')
  await expect(picture).toHaveAttribute('transform', before ?? '')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('complementary', { name: 'Step' })).toBeVisible()

  await page.setViewportSize({ width: 390, height: 844 })
  const sheet = page.getByRole('dialog', { name: 'Step' })
  await expect(sheet).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(sheet).toHaveCount(0)
  const table = page.getByRole('region', { name: 'Steps' })
  await expect(table.getByRole('row')).toHaveCount(5)
  await page
    .getByRole('group', { name: 'Show steps by state' })
    .getByRole('button', { name: /^failed/i })
    .click()
  await expect(table.getByRole('row')).toHaveCount(2)
  const wider = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
  expect(wider).toBe(false)
  expect(faults).toEqual([])
})

test('the example of an empty node runs to its end, which a person decides', async ({ page }) => {
  const faults = watch(page)
  await page.goto(`${node.origin}/#/workflows`)
  await page.getByRole('button', { name: 'Run the example' }).click()
  await stepIn(page, /^Ask a person: waiting/).click()
  await page.getByRole('button', { name: 'Reject' }).click()
  await expect(stepIn(page, /^Write the report: skipped/)).toBeVisible()
  await expect(page.getByRole('region', { name: 'example' })).toContainText('6 / 6 steps ended')
  await page.getByRole('button', { name: 'Retry from this step' }).click()
  await page.getByLabel(/Note/).fill('fine by me')
  await page.getByRole('button', { name: 'Approve', exact: true }).click()
  await expect(page.getByRole('region', { name: 'Result' })).toContainText('fine by me')
  expect(faults).toEqual([])
})

test('says of a workflow that is not there that it is not, over one session', async ({ page }) => {
  const faults = watch(page)
  let sessions = 0
  page.on('request', request => {
    if (request.postData()?.includes('"initialize"') === true) sessions += 1
  })
  await page.goto(`${node.origin}/#/workflows/nope`)
  await expect(page.getByRole('alert')).toContainText('This node has no workflow nope')
  // A change that is told over the same session shows that it goes on.
  await submit('later', [{ id: 'one', ...HASH }])
  await page.getByRole('link', { name: 'All workflows' }).click()
  await expect(page.getByText('later')).toBeVisible()
  expect([sessions, faults]).toEqual([1, []])
})
