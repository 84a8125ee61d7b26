/** The official MCP clients against a running node: SDK over HTTP and stdio, the Inspector's command line. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { expect, test } from 'playwright/test'
import {
  callTool,
  connectClient,
  freshDir,
  type NodeProcess,
  ROOT,
  startNode,
  stdioCommand,
} from './node-process.ts'

const run = promisify(execFile)
const META = [
  'tools_dispatch',
  'tools_get_schema',
  'tools_list_categories',
  'tools_list_tools',
  'tools_search',
]
const ABC_SHA256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

async function expectToWork(client: Client): Promise<void> {
  const { tools } = await client.listTools()
  expect(tools.map(tool => tool.name).sort()).toEqual(META)
  expect(await callTool(client, 'crypto_hash', { text: 'abc' })).toMatchObject({ digest: ABC_SHA256 })
  const viaDispatch = await callTool(client, 'tools_dispatch', {
    category: 'crypto',
    tool: 'crypto_hash',
    params: { text: 'abc' },
  })
  expect(viaDispatch).toMatchObject({ digest: ABC_SHA256 })
  const bad = await client.callTool({ name: 'crypto_hash', arguments: { text: 'abc', algorithm: 'rot13' } })
  expect(bad.isError).toBe(true)
  expect(bad.structuredContent).toMatchObject({ code: 'invalid_input', field: '/algorithm', value: 'rot13' })
  await expect(client.callTool({ name: 'crypto_hsah', arguments: {} })).rejects.toThrow(/crypto_hash/)
}

test('over stdio, where no node runs, the SDK client lists and calls tools', { tag: '@deno' }, async () => {
  const dataDir = await freshDir()
  const transport = new StdioClientTransport({
    ...stdioCommand('stdio', '--data-dir', dataDir, '--port', '0'),
    cwd: dataDir,
    stderr: 'pipe',
  })
  const client = new Client({ name: 'e2e', version: '1' })
  await client.connect(transport)
  await expectToWork(client)
  await client.close()
})

test.describe('a running node', () => {
  let node: NodeProcess
  test.beforeAll(async () => {
    node = await startNode()
  })
  test.afterAll(async () => {
    await node.stop()
  })

  test('serves the SDK client over HTTP', { tag: '@deno' }, async () => {
    const client = await connectClient(node)
    await expectToWork(client)
    await client.close()
  })

  test('serves the SDK client over stdio through the bridge', async () => {
    const transport = new StdioClientTransport({
      ...stdioCommand('stdio', '--url', node.origin),
      cwd: node.dataDir,
      stderr: 'pipe',
    })
    const client = new Client({ name: 'e2e', version: '1' })
    await client.connect(transport)
    await expectToWork(client)
    await client.close()
  })

  test("serves the MCP Inspector's command line", async () => {
    const inspector = join(ROOT, 'node_modules/.bin/mcp-inspector')
    const target = ['--cli', `${node.origin}/mcp`, '--transport', 'http']
    const listed = await run(inspector, [...target, '--method', 'tools/list'], { timeout: 60_000 })
    for (const name of META) expect(listed.stdout).toContain(name)
    const called = await run(
      inspector,
      [
        ...[...target, '--method', 'tools/call', '--tool-name', 'tools_dispatch'],
        ...['--tool-arg', 'category=crypto', 'tool=crypto_hash', 'params={"text":"abc"}'],
      ],
      { timeout: 60_000 },
    )
    expect(called.stdout).toContain(ABC_SHA256)
  })
})
