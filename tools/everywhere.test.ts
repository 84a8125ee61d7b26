/**
 * Every tool on the same input in Node and in a Web Worker of a real Chromium, under the page's own content security
 * policy: the results must be equal to the byte, as peers compare them by CID.
 */
import { createServer, type Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type Browser, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalize } from '../src/shared/artifacts/canonical.ts'
import { runTool } from '../src/shared/tools/run-tool.ts'
import type { Json, Tool } from '../src/shared/tools/tool.ts'
import { fixtureBase64, fixtureText, TestContext, tryTool } from './try-tool.node.ts'

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' ws: wss: https:; " +
  "object-src 'none'; base-uri 'none'"

const MODULES = [
  'archive/archive_zip_extract',
  'archive/archive_zip_list',
  'crypto/crypto_hash',
  'data/data_csv_profile',
  'data/data_json_query',
  'document/document_collection_profile',
  'document/document_extract_text',
  'document/document_profile',
  'ipfs/ipfs_cid',
  'search/search_index_build',
  'search/search_query',
  'text/text_chunk',
  'text/text_keywords',
  'text/text_minhash',
  'text/text_token_count',
  'time/time_wait',
]

/** What the worker runs: as a tab's does, one tool's code loaded at its first call. */
const WORKER = `
  import { z } from 'zod'
  import { runTool } from './src/shared/tools/run-tool.ts'
  z.config({ jitless: true })
  const modules = { ${MODULES.map(module => `'${module}': () => import('./tools/${module}.ts')`).join(',')} }
  const violations = []
  addEventListener('securitypolicyviolation', event => violations.push(event.violatedDirective + ' ' + event.blockedURI))
  addEventListener('message', async ({ data: { module, input } }) => {
    try {
      const { default: tool } = await modules[module]()
      const context = { signal: new AbortController().signal, progress() {}, log() {} }
      postMessage({ output: await runTool(tool, input, context), violations })
    } catch (error) {
      postMessage({ error: String(error?.stack ?? error), violations })
    }
  })
`
const PAGE = `
  const worker = new Worker('/worker.js', { type: 'module' })
  globalThis.run = call => new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = event => reject(new Error(event.message))
    worker.postMessage(call)
  })
`

async function bundle(): Promise<Map<string, string>> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents: WORKER, resolveDir: root, sourcefile: 'worker.js' },
    entryNames: 'worker',
    outdir: '/',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  })
  return new Map(outputFiles.map(({ path, text }) => [path, text]))
}

async function cases(): Promise<[module: string, input: Json][]> {
  const readmes = await Promise.all(['fast-glob.md', 'picomatch.md', 'html-to-text.md'].map(fixtureText))
  const [fastGlob = '', picomatch = ''] = readmes
  const documents = readmes.map((text, n) => ({ id: `d${n}`, title: `README ${n}`, text }))
  const build = await import('./search/search_index_build.ts')
  const { index } = (await runTool(build.default as unknown as Tool, { documents }, new TestContext())) as {
    index: Json
  }
  const { default: documentProfile } = await import('./document/document_profile.ts')
  const profiles = await Promise.all(
    documents.map(({ id: name, text }) => tryTool(documentProfile, { name, text, excerpt_chars: 1_000 })),
  )
  const mixed = 'Größe İstanbul ΑΣ 日本語 🦉 naïve ﬁn — don’t stop_word re-use 12 %\n\n'.repeat(40)
  return [
    ['archive/archive_zip_extract', { base64: await fixtureBase64('plain.zip') }],
    ['archive/archive_zip_extract', { base64: await fixtureBase64('slip.zip') }],
    ['archive/archive_zip_list', { base64: await fixtureBase64('plain.zip') }],
    ...['sha-256', 'blake3', 'keccak-256', 'md5'].map((algorithm): [string, Json] => [
      'crypto/crypto_hash',
      { text: mixed, algorithm },
    ]),
    ['data/data_csv_profile', { base64: await fixtureBase64('orders.csv') }],
    [
      'data/data_json_query',
      { json: { documents }, query: 'documents^(>id).{"id": id, "n": $length(text)}' },
    ],
    ['document/document_collection_profile', { profiles: JSON.parse(JSON.stringify([...profiles, null])) }],
    ['document/document_extract_text', { base64: await fixtureBase64('orchard.pdf') }],
    ['document/document_extract_text', { text: await fixtureText('orchard.html') }],
    ['document/document_profile', { name: 'README.md', text: picomatch, count_tokens: true }],
    ['document/document_profile', { name: 'README.md', text: fastGlob }],
    ['document/document_profile', { name: 'mixed.txt', text: mixed }],
    ['document/document_profile', { name: 'orchard.pdf', base64: await fixtureBase64('orchard.pdf') }],
    ['ipfs/ipfs_cid', { text: picomatch.repeat(20) }],
    ['ipfs/ipfs_cid', { text: '{"b":1,"a":2}', codec: 'json' }],
    ['search/search_index_build', { documents }],
    ['search/search_query', { index, query: 'convert html to text' }],
    ['text/text_chunk', { text: mixed, max_chars: 100, overlap: 20 }],
    ['text/text_keywords', { text: mixed }],
    ['text/text_minhash', { text: mixed }],
    ...['o200k_base', 'cl100k_base'].map((encoding): [string, Json] => [
      'text/text_token_count',
      { text: mixed, encoding },
    ]),
    ['time/time_wait', { ms: 10 }],
  ]
}

describe('every tool gives the same result in Node and in a Web Worker', () => {
  let server: Server
  let browser: Browser
  let page: Page
  const complaints: string[] = []

  beforeAll(async () => {
    const files = await bundle()
    files.set('/page.js', PAGE)
    server = createServer(({ url = '/' }, response) => {
      const script = files.get(url)
      response.setHeader('content-security-policy', POLICY)
      response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript')
      response.end(
        script ?? '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>',
      )
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no port')
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
    page = await browser.newPage()
    page.on('console', message => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.goto(`http://127.0.0.1:${address.port}/`)
    await page.waitForFunction(() => 'run' in globalThis)
  })

  afterAll(async () => {
    await browser.close()
    server.close()
  })

  it('to the byte, and breaks no rule of the page', async () => {
    for (const [module, input] of await cases()) {
      const { default: tool }: { default: Tool } = await import(new URL(`${module}.ts`, import.meta.url).href)
      const here = await runTool(tool, input, new TestContext())
      const there = await page.evaluate(
        text => (globalThis as unknown as { run(call: unknown): Promise<unknown> }).run(JSON.parse(text)),
        JSON.stringify({ module, input }),
      )
      expect(there, module).toMatchObject({ output: expect.anything(), violations: [] })
      expect(canonicalize((there as { output: Json }).output), module).toBe(canonicalize(here))
    }
    expect(complaints.filter(text => !text.includes('favicon'))).toEqual([])
  })
})
