/** The measurement in a real Chromium: a page of the benchmark's own, served on loopback, that dials the node. */
import { createServer } from 'node:http'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium } from 'playwright'
import { CHROMIUM_ARGS, findChromium } from '../../e2e/chromium.ts'
import type { Measured } from './dial.ts'

/** Measures from a page to each address in turn; undefined where there is no Chromium. */
export async function measureFromTab(
  addresses: readonly string[],
  newSecret: () => Promise<string>,
): Promise<Measured[] | undefined> {
  const executablePath = findChromium()
  if (executablePath === undefined) return undefined
  const page = await servePage(await bundle())
  const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_ARGS] })
  try {
    const measured: Measured[] = []
    for (const address of addresses) {
      const tab = await browser.newPage()
      await tab.goto(page.url)
      const secret = await newSecret()
      measured.push(
        await tab.evaluate(([to, by]) => globalThis.measureFrom(to, by), [address, secret] as const),
      )
      await tab.close()
    }
    return measured
  } finally {
    await browser.close()
    page.close()
  }
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'tab.ts')],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    write: false,
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

async function servePage(script: string): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    const isScript = request.url === '/tab.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><script type="module" src="/tab.js"></script>')
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() }
}
