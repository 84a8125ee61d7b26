/** Real tabs of the real join page, in as few Chromium processes as it takes. */
import { type Browser, chromium } from 'playwright'
import { z } from 'zod'
import { CHROMIUM_ARGS, findChromium } from '../../e2e/chromium.ts'

/** Renderer processes that share the tabs. */
const RENDERERS = 4
/** Pages that load at once. */
const AT_ONCE = 8
/** Milliseconds for one page; on a busy machine the last ones wait for the others. */
const LOADED_WITHIN_MS = 120_000

export interface OpenTabs {
  /** Process ids of the renderers that hold them. */
  renderers(): Promise<number[]>
  close(): Promise<void>
}

/** Opens so many tabs of a join link in one browser; undefined where there is no Chromium. */
export async function openTabs(url: string, count: number): Promise<OpenTabs | undefined> {
  const executablePath = findChromium()
  if (executablePath === undefined) return undefined
  const args = [...CHROMIUM_ARGS, `--renderer-process-limit=${RENDERERS}`]
  const browser = await chromium.launch({ executablePath, args })
  try {
    const context = await browser.newContext()
    context.setDefaultTimeout(LOADED_WITHIN_MS)
    let left = count
    const lane = async (): Promise<void> => {
      while (left-- > 0) await (await context.newPage()).goto(url)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
  } catch (error) {
    await browser.close()
    throw error
  }
  return { renderers: () => renderersOf(browser), close: () => browser.close() }
}

const processes = z.object({ processInfo: z.array(z.object({ type: z.string(), id: z.number() })) })

async function renderersOf(browser: Browser): Promise<number[]> {
  const devtools = await browser.newBrowserCDPSession()
  const { processInfo } = processes.parse(await devtools.send('SystemInfo.getProcessInfo'))
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
}
