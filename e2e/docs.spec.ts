/** Every command and snippet that README and docs show is run here against a real node. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { expect, test } from 'playwright/test'
import { runs } from '../src/node/test-runtime.fixture.ts'
import { BIN, freshDir, type NodeProcess, ROOT, startNode, stdioCommand } from './node-process.ts'

const run = promisify(execFile)

interface Block {
  file: string
  language: string
  text: string
}

const pages = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
]
const blocks: Block[] = pages.flatMap(file =>
  [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(match => ({
    file,
    language: match[1] ?? '',
    text: match[2] ?? '',
  })),
)
const commands = blocks
  .filter(block => block.language === 'sh')
  .flatMap(({ file, text }) =>
    text
      .trim()
      .split('\n')
      .map(line => ({ file, line })),
  )

/** What CI itself runs, or another spec does with its own arguments. */
const RUN_ELSEWHERE = ['npm install && npm start', 'npm install && npm test', 'npm run demo']
/** Take too long here: only that they would choose something is checked. */
const LONG = [
  { script: 'npm run test:chaos', folder: 'e2e/chaos', ending: '.chaos.ts' },
  { script: 'npm run bench', folder: 'bench', ending: '.ts' },
]
const isLong = (line: string) => LONG.some(({ script }) => line.startsWith(script))

let node: NodeProcess
test.beforeAll(async () => {
  node = await startNode()
  // Commands of the docs name files as from the checkout.
  symlinkSync(join(ROOT, 'docs'), join(node.dataDir, 'docs'))
})
test.afterAll(async () => {
  await node.stop()
})

/** A command line as a shell would split it: variables before it, quotes, a comment after it. A port becomes a free one. */
function parsed(line: string): { env: Record<string, string>; words: string[] } {
  const words = [...line.matchAll(/'([^']*)'|#.*$|(\S+)/g)]
    .filter(match => match[1] !== undefined || match[2] !== undefined)
    .map(match => (match[1] ?? match[2] ?? '').replace(/^(.*=)?9000$/, '$10'))
  const env: Record<string, string> = {}
  while (/^[A-Z_]+=/.test(words[0] ?? '')) {
    const [name = '', value = ''] = (words.shift() ?? '').split('=')
    env[name] = value
  }
  return { env, words: words[0] === 'npx' ? words.slice(1) : words }
}

const runHere = commands.filter(({ line }) => !RUN_ELSEWHERE.includes(line) && !isLong(line))
for (const { file, line } of runHere) {
  test(`${file} runs: ${line}`, async () => {
    const { env, words } = parsed(line)
    expect(words[0]).toBe('toolmesh')
    if (words[1] === 'start') {
      const started = await startNode({ args: words.slice(2), env })
      expect(await started.stop()).toBe(0)
      return
    }
    const { stdout } = await run(...runs(BIN, ...words.slice(1)), {
      cwd: node.dataDir,
      env: { ...process.env, TOOLMESH_HTTP_PORT: new URL(node.origin).port, ...env },
      timeout: 60_000,
    })
    expect(stdout.trim()).not.toBe('')
  })
}

for (const { script, folder, ending } of LONG) {
  test(`names after ${script} in the docs are those of files`, () => {
    const files = readdirSync(join(ROOT, folder)).filter(name => name.endsWith(ending))
    const named = commands
      .filter(({ line }) => line.startsWith(`${script} -- `))
      .map(({ line }) => line.split(' -- ')[1])
    expect(named.filter(name => !files.some(file => file.startsWith(name ?? '')))).toEqual([])
  })
}

test('the client configuration of the README starts a server', async () => {
  const block = blocks.find(found => found.file === 'README.md' && found.language === 'json')
  const { command, args } = JSON.parse(block?.text ?? '').mcpServers.toolmesh
  expect([command, args[0]]).toEqual(['npx', 'toolmesh'])
  const dataDir = await freshDir()
  const client = new Client({ name: 'docs', version: '1' })
  await client.connect(
    new StdioClientTransport({
      ...stdioCommand(...args.slice(1)),
      cwd: dataDir,
      env: { ...(process.env as Record<string, string>), TOOLMESH_HTTP_PORT: '0' },
      stderr: 'pipe',
    }),
  )
  expect((await client.listTools()).tools.length).toBe(5)
  await client.close()
})

test('every other block is a diagram, a tree or data that is named', () => {
  const known = new Set(['sh', 'json', 'mermaid', 'ts', 'yaml'])
  expect(blocks.filter(block => !known.has(block.language))).toEqual([])
})
