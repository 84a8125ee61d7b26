import type { Json, ToolDescriptor } from '../tools/tool.ts'
import { RuntimeBusyError } from './errors.ts'
import type { Runtime, RuntimeCall, RuntimeLoad } from './runtime.ts'

/** What a peer has announced, as far as calls to it depend on it. */
export interface PeerOffer {
  tools: readonly { tool: string; interface_cid: string; code_cid: string }[]
  /** Runs that it lets us have there at once. */
  credits: number
}

export interface PeerRuntimeOptions {
  peerId: string
  offer: PeerOffer
  /**
   * Runs a tool on the peer over its session. Rejects with RuntimeLostError when the session ends under the
   * call, RuntimeBusyError when it could not be sent, and else with what the peer answered.
   */
  call: (call: RuntimeCall) => Promise<Json>
  /** How many runs there spend its credits beside our own calls: leased tasks. Default none. */
  leased?: () => number
}

/** Another peer, as a place where calls run: the tools it announced in the same interface and build. */
export class PeerRuntime implements Runtime {
  readonly id: string
  readonly kind = 'peer'
  readonly #options: PeerRuntimeOptions
  #tools = new Map<string, { interface_cid: string; code_cid: string }>()
  #credits = 0
  #running = 0
  #closed = false

  constructor(options: PeerRuntimeOptions) {
    this.id = `peer:${options.peerId}`
    this.#options = options
    this.update(options.offer)
  }

  /** The peer announced something else. */
  update(offer: PeerOffer): void {
    this.#tools = new Map(offer.tools.map(({ tool, ...cids }) => [tool, cids]))
    this.#credits = offer.credits
  }

  offers(tool: ToolDescriptor): boolean {
    const announced = this.#tools.get(tool.name)
    return (
      !this.#closed && announced?.interface_cid === tool.interface_cid && announced.code_cid === tool.code_cid
    )
  }

  load(): RuntimeLoad {
    const running = this.#running + (this.#options.leased?.() ?? 0)
    return { running, waiting: 0, capacity: this.#credits }
  }

  async run(call: RuntimeCall): Promise<Json> {
    if (this.#closed) throw new RuntimeBusyError(this.id, 'its session ended')
    const { running, capacity } = this.load()
    if (running >= capacity) throw new RuntimeBusyError(this.id, `all ${capacity} credits are in use`)
    this.#running += 1
    try {
      return await this.#options.call(call)
    } finally {
      this.#running -= 1
    }
  }

  /** Takes no more calls; those under way end with the session. */
  async close(): Promise<void> {
    this.#closed = true
  }
}
