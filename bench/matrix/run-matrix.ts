/** Every kind of peer to every kind, over every transport that there is for the two. */
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright'
import { CHROMIUM_ARGS, findChromium } from '../../e2e/chromium.ts'
import { serveScript } from '../bundled-page.ts'
import { type FarPeer, pagePeer, processPeer } from './far-peer.ts'
import type { CellMeasured, Effort } from './matrix-peer.ts'

export const KINDS = ['node', 'deno', 'tab'] as const
export type Kind = (typeof KINDS)[number]

/** How addresses of a transport are told, and from where to where there is one. */
const TRANSPORTS = {
  tcp: { is: /\/tcp\/\d+(\/p2p\/[^/]+)?$/, relayed: false, fromTab: false },
  websocket: { is: /\/ws\b/, relayed: false, fromTab: true },
  'webrtc-direct': { is: /\/webrtc-direct\b/, relayed: false, fromTab: true },
  webtransport: { is: /\/webtransport\b/, relayed: false, fromTab: true },
  webrtc: { is: /\/p2p-circuit\/webrtc\b/, relayed: true, fromTab: true },
  relay: { is: /\/p2p-circuit(\/p2p\/[^/]+)?$/, relayed: true, fromTab: true },
} as const
export type Transport = keyof typeof TRANSPORTS

export interface Cell {
  from: Kind
  to: Kind
  transport: Transport
  /** Undefined where it failed, or there is no such way. */
  measured?: CellMeasured
  error?: string
  /** Why there is no such way. */
  missing?: string
}

/** Measures all cells, one after the other; without Chromium those of tabs are missing. */
export async function runMatrix(effort: Effort, onCell: (cell: Cell) => void): Promise<Cell[]> {
  const peers = await Peers.start()
  const cells: Cell[] = []
  try {
    for (const transport of Object.keys(TRANSPORTS) as Transport[]) {
      for (const from of KINDS) {
        for (const to of KINDS) {
          const cell = await measureCell(peers, { from, to, transport }, effort)
          cells.push(cell)
          onCell(cell)
        }
      }
    }
    return cells
  } finally {
    await peers.close()
  }
}

async function measureCell(peers: Peers, cell: Cell, effort: Effort): Promise<Cell> {
  const { from, to, transport } = cell
  const { is, relayed, fromTab } = TRANSPORTS[transport]
  if (to === 'tab' && !relayed) return { ...cell, missing: 'a tab does not listen' }
  if (from === 'tab' && !fromTab) return { ...cell, missing: 'not in a browser' }
  const [dialler, listener] = [peers.dialler(from), peers.listener(to)]
  if (dialler === undefined || listener === undefined) return { ...cell, missing: 'no Chromium here' }
  const address = (await listener.addresses()).find(each => isOf(each, is, relayed) && canDial(from, each))
  if (address === undefined) return { ...cell, missing: 'nobody listens so' }
  try {
    return { ...cell, measured: await dialler.measure(address, listener.peerId, effort) }
  } catch (error) {
    return { ...cell, error: error instanceof Error ? error.message : String(error) }
  }
}

function isOf(address: string, is: RegExp, relayed: boolean): boolean {
  return is.test(address) && address.includes('/p2p-circuit') === relayed
}

/** A relayed address begins with one of the relay's, which a tab must be able to dial. */
function canDial(from: Kind, address: string): boolean {
  return from !== 'tab' || /\/ws\b|\/webrtc-direct\b|\/webtransport\b/.test(address)
}

/** Two peers of each kind, and a relay at which all have a slot. */
class Peers {
  readonly #diallers = new Map<Kind, FarPeer>()
  readonly #listeners = new Map<Kind, FarPeer>()
  readonly #closing: (() => Promise<unknown> | undefined)[] = []

  static async start(): Promise<Peers> {
    const peers = new Peers()
    try {
      await peers.#start()
      return peers
    } catch (error) {
      await peers.close()
      throw error
    }
  }

  dialler(kind: Kind): FarPeer | undefined {
    return this.#diallers.get(kind)
  }

  listener(kind: Kind): FarPeer | undefined {
    return this.#listeners.get(kind)
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close()
  }

  async #start(): Promise<void> {
    const relay = this.#kept(await processPeer('node', ['--relay']))
    const addresses = await relay.addresses()
    const ofRelay = addresses.find(address => TRANSPORTS.websocket.is.test(address)) ?? ''
    for (const runtime of ['node', 'deno'] as const) {
      this.#diallers.set(runtime, this.#kept(await processPeer(runtime)))
      this.#listeners.set(runtime, this.#kept(await processPeer(runtime)))
    }
    const executablePath = findChromium()
    if (executablePath !== undefined) await this.#openTabs(executablePath)
    for (const listener of this.#listeners.values()) await listener.join(ofRelay, relay.peerId)
    // WebRTC by way of a relay needs a slot at both ends in none of its cells, but a dialler must be known there.
    for (const dialler of this.#diallers.values()) await dialler.join(ofRelay, relay.peerId)
  }

  async #openTabs(executablePath: string): Promise<void> {
    const page = await serveScript(join(import.meta.dirname, 'page.ts'))
    this.#closing.push(async () => page.close())
    const browser: Browser = await chromium.launch({ executablePath, args: [...CHROMIUM_ARGS] })
    this.#closing.push(() => browser.close())
    this.#diallers.set('tab', await pagePeer(browser, page.url))
    this.#listeners.set('tab', await pagePeer(browser, page.url))
  }

  #kept(peer: FarPeer): FarPeer {
    this.#closing.push(() => peer.close())
    return peer
  }
}
