/** The measurement in a real Chromium: a page of the benchmark's own, served on loopback, that dials the node. */
import { join } from 'node:path'
import { chromium } from 'playwright'
import { CHROMIUM_ARGS, findChromium } from '../../e2e/chromium.ts'
import { serveScript } from '../bundled-page.ts'
import type { Measured } from './dial.ts'

/** Measures from a page to each address in turn; undefined where there is no Chromium. */
export async function measureFromTab(
  peerId: string,
  addresses: readonly string[],
  newSecret: () => Promise<string>,
): Promise<Measured[] | undefined> {
  const executablePath = findChromium()
  if (executablePath === undefined) return undefined
  const page = await serveScript(join(import.meta.dirname, 'tab.ts'))
  const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_ARGS] })
  try {
    const measured: Measured[] = []
    for (const address of addresses) {
      const tab = await browser.newPage()
      await tab.goto(page.url)
      const secret = await newSecret()
      measured.push(
        await tab.evaluate(([id, to, by]) => globalThis.measureFrom(id, to, by), [
          peerId,
          address,
          secret,
        ] as const),
      )
      await tab.close()
    }
    return measured
  } finally {
    await browser.close()
    page.close()
  }
}
