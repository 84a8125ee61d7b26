/** Real tabs of the real join page, in as few Chromium processes as it takes: all but one hidden, as a person's are. */
import { BareBrowser } from '../../e2e/chaos/bare-browser.ts'
import { findChromium } from '../../e2e/chromium.ts'

/** Renderer processes that share the tabs. */
const RENDERERS = 4

/** Opens so many tabs of a join link in one browser; undefined where there is no Chromium. */
export async function openTabs(url: string, count: number): Promise<BareBrowser | undefined> {
  if (findChromium() === undefined) return undefined
  const browser = await BareBrowser.launch([`--renderer-process-limit=${RENDERERS}`])
  try {
    for (let opened = 0; opened < count; opened++) await browser.open(url)
  } catch (error) {
    await browser.close()
    throw error
  }
  return browser
}
