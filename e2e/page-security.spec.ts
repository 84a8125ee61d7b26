import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'playwright/test'
import { callTool, connectClient, type NodeProcess, ROOT, startNode } from './node-process.ts'

let node: NodeProcess
test.beforeEach(async () => {
  node = await startNode()
})
test.afterEach(async () => {
  await node.stop('SIGKILL')
})

interface Ended {
  state: string
}

const TEXT = 'The mesh runs tools where they are quick. '.repeat(40)

/** Every tool of the catalogue that takes no other tool's output, with what makes it do its work. */
const CALLS: Record<string, object> = {
  crypto_hash: { text: TEXT },
  data_csv_profile: { text: 'a,b\n1,2\n3,4\n' },
  data_json_query: { json: { n: [1, 2, 3] }, query: '$sum(n)' },
  document_extract_text: { text: `<!doctype html><title>t</title><p>${TEXT}</p>`, format: 'html' },
  document_profile: { name: 'a.md', text: `# A\n\n${TEXT}`, count_tokens: true },
  ipfs_cid: { text: TEXT },
  search_index_build: { documents: [{ id: 'a', text: TEXT }] },
  text_chunk: { text: TEXT },
  text_keywords: { text: TEXT },
  text_minhash: { text: TEXT },
  text_token_count: { text: TEXT },
}

test('no page, and no tool in a tab, does what the security policy of the pages forbids', async ({
  page,
  context,
}) => {
  const violations: string[] = []
  // What the page's workers report stands on its console too.
  context.on('console', message => {
    if (/content security policy|unsafe-eval/i.test(message.text())) violations.push(message.text())
  })
  await context.exposeFunction('violated', (what: string) => violations.push(what))
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', event => {
      Reflect.get(window, 'violated')(`${event.violatedDirective} ${event.blockedURI} in ${event.sourceFile}`)
    })
  })
  const client = await connectClient(node)
  await page.goto(node.origin)
  const { url } = await callTool<{ url: string }>(client, 'p2p_invite_create', { roles: ['work'] })
  const tab = await context.newPage()
  await tab.goto(url)
  await expect(tab.getByRole('button', { name: 'Leave' })).toBeVisible()

  const pdf = {
    base64: (await readFile(join(ROOT, 'tools/fixtures/orchard.pdf'))).toString('base64'),
    format: 'pdf',
  }
  const tasks = [...Object.entries(CALLS), ['document_extract_text', pdf] as const].map(([tool, params]) => ({
    tool,
    params,
    requires: ['kind:tab'],
  }))
  const receipt = await callTool<{ tasks: { task_id: string }[] }>(client, 'p2p_taskqueue_submit', { tasks })
  for (const [index, { task_id }] of receipt.tasks.entries()) {
    const ended = await callTool<Ended>(client, 'p2p_taskqueue_get_result', { task_id, wait_ms: 40_000 })
    expect(ended, tasks[index]?.tool).toMatchObject({ state: 'succeeded' })
  }
  expect(violations).toEqual([])
  await client.close()
})

test('the policy is in force: an inline script does not run', async ({ page }) => {
  await page.goto(node.origin)
  const refused = await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.injected = true'
    document.body.append(script)
    return Reflect.get(window, 'injected') === undefined
  })
  expect(refused).toBe(true)
})
