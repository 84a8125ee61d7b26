/** Tabs in browsers of their own, and which of the node's peers they are. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { createInvite, tabsAtWork } from '../mesh-client.ts'
import { until } from '../node-process.ts'
import { BareBrowser, type BarePage } from './bare-browser.ts'

export interface WorkingTab {
  browser: BareBrowser
  page: BarePage
  peerId: string
  /** `websocket`, `webrtc-direct` or `webtransport` */
  path: string
}

/** Opens a tab in a browser of its own; resolves when it takes work. */
export async function openWorkingTab(client: Client): Promise<WorkingTab> {
  const known = new Set((await tabsAtWork(client)).map(({ peer_id }) => peer_id))
  const { url } = await createInvite(client)
  const browser = await BareBrowser.launch()
  const page = await browser.open(url)
  const peer = await until('the tab to take work', async () => {
    const found = await tabsAtWork(client)
    return found.find(({ peer_id }) => !known.has(peer_id))
  })
  return { browser, page, peerId: peer.peer_id, path: peer.path ?? '' }
}
