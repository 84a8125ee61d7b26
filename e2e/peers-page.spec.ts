/** The dashboard's pages of peers, on a node that another one works for. */
import { expect, test } from 'playwright/test'
import { callTool, connectClient, type NodeProcess, startNode, until } from './node-process.ts'

let node: NodeProcess
let other: NodeProcess
test.beforeAll(async () => {
  ;[node, other] = await Promise.all([startNode(), startNode()])
})
test.afterAll(() => Promise.all([node.stop('SIGKILL'), other.stop('SIGKILL')]))

test('lists peers with how each is reached, and diagnoses one, also when it has gone', async ({ page }) => {
  const client = await connectClient(other)
  const { peer_id: id } = await callTool<{ peer_id: string }>(client, 'p2p_peer_connect', {
    invite: node.joinUrl,
  })
  const own =
    (await callTool<{ peers: { peer_id: string }[] }>(client, 'p2p_peer_list')).peers[0]?.peer_id ?? ''
  expect(own).not.toBe(id)
  await client.close()

  await page.goto(`${node.origin}/#/peers`)
  const peers = page.getByRole('region', { name: 'Known peers' })
  await expect(peers.getByRole('row')).toHaveCount(2)
  await expect(peers.getByText('connected', { exact: true })).toBeVisible()
  await expect(page.getByRole('list', { name: 'Addresses of this node' })).toContainText(
    '/ip4/127.0.0.1/tcp/',
  )
  await expect(page.getByRole('region', { name: 'Sources of peers' }).first()).toContainText('exchange')
  await page.getByRole('button', { name: 'Diagnose' }).click()
  await expect(page.getByText('tasks and workflows are kept')).toBeVisible()

  await peers.getByRole('link').first().click()
  await expect(page.getByText(own).first()).toBeVisible()
  await page.getByRole('button', { name: 'Diagnose' }).click()
  await expect(page.getByText('it answers').first()).toBeVisible()
  await expect(page.getByText('here it may work', { exact: false })).toBeVisible()

  await other.stop('SIGKILL')
  await until('the peer has gone', async () =>
    (await page.getByText('away').count()) > 0 ? true : undefined,
  )
  await page.getByRole('button', { name: 'Again' }).click()
  await expect(page.getByText('nobody listens there', { exact: false }).first()).toBeVisible()
  await expect(
    page.getByText('The machine answers, and nothing has that port', { exact: false }).first(),
  ).toBeVisible()
})
