/** A tab whose page comes from the node, while nothing else gets through to it. */
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'playwright/test'
import { type NodeProcess, startNode } from './node-process.ts'

let node: NodeProcess
let proxy: Server
let origin: string
/** A port at which nobody listens. */
let closed: number
/** Whether the proxy names ports at which nobody listens, and takes no WebSockets. */
let blocked = true
/** Times that the tab asked where the node is. */
let asked = 0

test.beforeAll(async () => {
  node = await startNode()
  proxy = createServer((incoming, outgoing) => {
    const { method, url = '/' } = incoming
    // As a proxy in front of a node is set up: the node sees its own name.
    const { origin: _, ...headers } = incoming.headers
    const onward = request(
      new URL(url, node.origin),
      { method, headers: { ...headers, host: new URL(node.origin).host } },
      answer => {
        const parts: Buffer[] = []
        answer.on('data', part => parts.push(part))
        answer.on('end', () => {
          const body = Buffer.concat(parts)
          if (url.startsWith('/.well-known/')) asked += 1
          const isFile = url.startsWith('/.well-known/') && blocked
          const sent = isFile ? body.toString().replaceAll(/\/(tcp|udp)\/\d+/g, `/$1/${closed}`) : body
          const { 'content-length': _length, ...rest } = answer.headers
          outgoing.writeHead(answer.statusCode ?? 502, rest).end(sent)
        })
      },
    )
    incoming.pipe(onward)
  })
  closed = await freePort()
  proxy.on('upgrade', (_request, socket) => socket.destroy())
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
})
test.afterAll(async () => {
  proxy.closeAllConnections()
  proxy.close()
  await node.stop('SIGKILL')
})

test('says which addresses it tried, why each failed, and what to do; and joins as soon as one works', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.goto(`${origin}/join${new URL(node.joinUrl).hash}`)
  const panel = page.getByRole('region', { name: 'Why the node is not reached' })
  await expect(panel).toBeVisible({ timeout: 30_000 })
  await expect(panel.getByText('None of its')).toBeVisible()
  await expect(
    panel.getByRole('listitem').filter({ hasText: 'no WebSocket was opened' }).first(),
  ).toBeVisible()
  await expect(panel.getByText('What to do')).toBeVisible()
  await panel.getByRole('button', { name: 'Copy report' }).click()
  const report = await page.evaluate(() => navigator.clipboard.readText())
  expect(report).toContain('a tab cannot reach its node')
  expect(report).toContain(`/tcp/${closed}/ws`)
  const before = asked
  await panel.getByRole('button', { name: 'Try again now' }).click()
  await expect.poll(() => asked).toBeGreaterThan(before)
  // By itself it would come after its wait; news of the network end that.
  blocked = false
  await page.evaluate(() => dispatchEvent(new Event('online')))
  await expect(page.getByText('Ready for work')).toBeVisible()
  await expect(panel).toBeHidden()
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
