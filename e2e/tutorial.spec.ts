/** The part of docs/TUTORIAL.md that is done in the dashboard; the rest is run by src/node/cli/tutorial.test.ts. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'playwright/test'
import { callTool, connectClient, ROOT, startNode } from './node-process.ts'

const APPROVAL = JSON.parse(readFileSync(join(ROOT, 'docs/examples/approval.json'), 'utf8'))

for (const { button, publish } of [
  { button: 'Approve', publish: 'succeeded' },
  { button: 'Reject', publish: 'skipped' },
])
  test(`a person answers the example in the dashboard: ${button}`, async ({ page }) => {
    const node = await startNode()
    const client = await connectClient(node)
    try {
      const request = { workflow: APPROVAL, input: { text: 'Owls hunt mice at night.' } }
      const { workflow_id } = await callTool<{ workflow_id: string }>(client, 'p2p_workflow_submit', request)
      await page.goto(`${node.origin}/#/workflows/${workflow_id}`)
      await page.getByRole('link', { name: 'Publish this text?' }).click()
      const form = page.getByRole('form', { name: 'Answer' })
      await form.getByLabel('A note').fill('From a person.')
      await form.getByRole('button', { name: button, exact: true }).click()
      const graph = page.getByRole('group', { name: 'Graph of the steps' })
      await expect(graph.getByRole('button', { name: new RegExp(`^publish: ${publish}`) })).toBeVisible()
      const outcome = await callTool(client, 'p2p_workflow_result', { workflow_id })
      expect(outcome).toMatchObject({ state: 'succeeded', failed_steps: 0 })
    } finally {
      await client.close()
      await node.stop('SIGKILL')
    }
  })
