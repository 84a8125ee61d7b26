/** A node that serves a network, and what a node of one machine refuses: real Chromium, but only ever on 127.0.0.1. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { promisify } from 'node:util'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { type Browser, chromium, expect, type Page, test } from 'playwright/test'
import { runs } from '../src/node/test-runtime.fixture.ts'
import { CHROMIUM_ARGS, findChromium } from './chromium.ts'
import { createInvite, expectCommittedOnce, expectOnline, submitHashes } from './mesh-client.ts'
import { BIN, type NodeProcess, startNode } from './node-process.ts'

const run = promisify(execFile)

/** A Chromium for which these names are this machine. */
async function browserWithNames(...names: string[]): Promise<Browser> {
  const executablePath = findChromium()
  const rules = names.map(name => `MAP ${name} 127.0.0.1`).join(',')
  return chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: [...CHROMIUM_ARGS, `--host-resolver-rules=${rules}`],
  })
}

test.describe('a node started with --lan', () => {
  test.use({ ignoreHTTPSErrors: true })

  let node: NodeProcess
  /** The printed links name this machine as others see it; the tests go by its loopback address. */
  let origin: string
  let bearer: string
  let client: Client

  test.beforeAll(async () => {
    // No other way in than the HTTP port, as behind a firewall that opens just one.
    node = await startNode({ args: ['--lan', '--p2p.listen', '/ip4/127.0.0.1/tcp/0', '--no-discovery.mdns'] })
    origin = `https://127.0.0.1:${new URL(node.origin).port}`
    setDefaultCACertificates([
      ...getCACertificates('default'),
      await readFile(join(node.dataDir, 'tls-self-signed.pem'), 'utf8').then(
        pem => /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(pem)?.[0] ?? '',
      ),
    ])
    const { stdout } = await run(
      ...runs(BIN, 'token', '--roles', 'admin', '--data-dir', node.dataDir, '--json'),
      {
        cwd: node.dataDir,
      },
    )
    bearer = (JSON.parse(stdout) as { token: string }).token
    client = new Client({ name: 'e2e', version: '1' })
    await client.connect(
      new StreamableHTTPClientTransport(new URL('/mcp', origin), {
        requestInit: { headers: { authorization: `Bearer ${bearer}` } },
      }),
    )
  })
  test.afterAll(async () => {
    await client?.close()
    await node.stop('SIGKILL')
  })

  const here = (link: string) => link.replace(new URL(link).origin, origin)

  test('prints a join link for other machines and its QR code', () => {
    expect(node.joinUrl).toMatch(/^https:\/\//)
    expect(new URL(node.joinUrl).hostname).not.toMatch(/^(localhost|127\.|\[::1\])/)
    expect(node.output()).toMatch(/[▀▄█]{10}/)
  })

  test('wants a bearer for /mcp, and none for pages and where it is', async ({ request }) => {
    const message = { jsonrpc: '2.0', id: 1, method: 'ping' }
    const refused = await request.post(`${origin}/mcp`, { data: message })
    expect(refused.status()).toBe(401)
    expect(refused.headers()['www-authenticate']).toContain('Bearer')
    const wrong = await request.post(`${origin}/mcp`, {
      data: message,
      headers: { authorization: `Bearer ${'x'.repeat(43)}` },
    })
    expect(wrong.status()).toBe(401)
    for (const path of ['/', '/join', '/healthz', '/readyz', '/.well-known/toolmesh.json', '/favicon.svg']) {
      expect((await request.get(`${origin}${path}`)).status(), path).toBe(200)
    }
  })

  test('its dashboard asks who you are, refuses a wrong secret and takes a token', async ({ page }) => {
    await page.goto(origin)
    await expect(page.getByRole('heading', { name: 'Sign in to this node' })).toBeVisible()
    await signIn(page, 'x'.repeat(22))
    await expect(page.getByRole('alert')).toHaveText(/\w/)
    await signIn(page, bearer)
    await expectDashboard(page)
    await page.reload()
    await expectDashboard(page)
  })

  test('its dashboard takes an invite link once, and no secret stays in the address', async ({
    page,
    context,
  }) => {
    const { url } = await createInvite(client, ['read'])
    await page.goto(`${origin}/${new URL(url).hash}`)
    await expectDashboard(page)
    expect(await page.evaluate(() => location.hash)).toBe('')
    const second = await context.newPage()
    await second.goto(`${origin}/${new URL(url).hash}`)
    await expect(second.getByRole('alert')).toHaveText(/\w/)
  })

  test('a tab joins by wss at the one port and runs tasks', async ({ page }) => {
    const sockets: string[] = []
    page.on('websocket', socket => sockets.push(socket.url()))
    await page.goto(here(node.joinUrl))
    await expectOnline(page)
    // By the page's own address first; where that takes a while, by the others of the same port too.
    expect(sockets[0]).toBe(`${origin.replace('https', 'wss')}/p2p`)
    const { port } = new URL(origin)
    expect(new Set(sockets.map(socket => new URL(socket).port))).toEqual(new Set([port]))
    await expectCommittedOnce(client, await submitHashes(client, 3))
  })
})

async function signIn(page: Page, secret: string): Promise<void> {
  await page.getByLabel('Access link or secret').fill(secret)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function expectDashboard(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { name: 'Peers' })).toBeVisible()
  await expect(page.getByRole('heading', { name: 'Sign in to this node' })).toBeHidden()
}

test('a page without a secure context says so and tries nothing', async () => {
  const name = 'node.test'
  const node = await startNode({ args: ['--auth.mode', 'token', '--http.origins', `http://${name}`] })
  const browser = await browserWithNames(name)
  try {
    const page = await browser.newPage()
    const asked: string[] = []
    page.on('websocket', socket => asked.push(socket.url()))
    page.on('request', request => asked.push(new URL(request.url()).pathname))
    await page.goto(node.joinUrl.replace('127.0.0.1', name))
    await expect(page.getByText('This page is not in a secure context.')).toBeVisible()
    expect(await page.evaluate(() => [isSecureContext, location.hash])).toEqual([false, ''])
    expect(asked.filter(path => !/^\/(join|favicon\.svg|assets\/.*)$/.test(path))).toEqual([])
  } finally {
    await browser.close()
    await node.stop('SIGKILL')
  }
})

type Sent = { method?: string; body?: string; mode?: 'no-cors'; headers?: Record<string, string> }

test.describe('a node of one machine', () => {
  let node: NodeProcess
  test.beforeAll(async () => {
    node = await startNode()
  })
  test.afterAll(async () => {
    await node.stop('SIGKILL')
  })

  /** What a page gets when it sends a request to the node: a status, or `blocked` by the browser. */
  async function send(page: Page, url: string, init: Sent): Promise<string> {
    return page.evaluate(
      ([target, options]) =>
        fetch(target, options).then(
          answer => `${answer.status}`,
          () => 'blocked',
        ),
      [url, init] as const,
    )
  }

  const call = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'evil', version: '1' } },
  })

  test('refuses what a page of another origin sends, with and without a preflight', async ({ page }) => {
    const site = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<h1>site</h1>'),
    )
    await new Promise<void>(resolve => site.listen(0, '127.0.0.1', resolve))
    const { port } = site.address() as AddressInfo
    try {
      await page.goto(`http://127.0.0.1:${port}/`)
      const statuses: number[] = []
      page.on('response', response => {
        if (response.url().startsWith(node.origin)) statuses.push(response.status())
      })
      const url = `${node.origin}/mcp`
      expect(await send(page, url, { method: 'POST', body: call })).toBe('blocked')
      expect(await send(page, url, { method: 'POST', body: call, mode: 'no-cors' })).toBe('0')
      const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
      expect(await send(page, url, { method: 'POST', body: call, headers: json })).toBe('blocked')
      expect(await send(page, `${node.origin}/.well-known/toolmesh.json`, {})).toBe('blocked')
      expect(statuses.length).toBeGreaterThan(0)
      for (const status of statuses) expect([403, 405]).toContain(status)
    } finally {
      site.closeAllConnections()
      site.close()
    }
  })

  test('refuses a name that was rebound to this machine, for pages and for calls', async () => {
    const name = 'rebound.test'
    const browser = await browserWithNames(name)
    try {
      const page = await browser.newPage()
      const rebound = node.origin.replace('127.0.0.1', name)
      expect((await page.goto(`${rebound}/join`))?.status()).toBe(403)
      // What probes may ask is answered by any name: from there the page would be of the same origin as /mcp.
      expect((await page.goto(`${rebound}/healthz`))?.status()).toBe(200)
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
      expect(await send(page, `${rebound}/mcp`, { method: 'POST', body: call, headers })).toBe('403')
      expect(await send(page, `${rebound}/.well-known/toolmesh.json`, {})).toBe('403')
    } finally {
      await browser.close()
    }
  })

  test('serves its own page', async ({ page }) => {
    await page.goto(`${node.origin}/healthz`)
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    expect(await send(page, `${node.origin}/mcp`, { method: 'POST', body: call, headers })).toBe('200')
  })
})
