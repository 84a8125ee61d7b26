import type { Clock } from '../../clock.ts'
import type { DiscoveryLimits } from './limits.ts'

export interface UnnamedAddressesInit {
  /** The peer id that answers at an address; the host's. */
  whoIs: (address: string, signal: AbortSignal) => Promise<string>
  limits: DiscoveryLimits
  clock: Clock
}

/** Learns whose the addresses are that came without a peer id: a few at once, each seldom. */
export class UnnamedAddresses {
  readonly #init: UnnamedAddressesInit
  /** Who answered, or that nobody did, and until when that counts; the one asked longest ago is forgotten first. */
  readonly #asked = new Map<string, { peerId: string | undefined; until: number }>()

  constructor(init: UnnamedAddressesInit) {
    this.#init = init
  }

  /** The peers at these addresses, as far as they answer; each with the addresses where it does. */
  async owners(addresses: readonly string[], signal: AbortSignal): Promise<Map<string, string[]>> {
    const { limits } = this.#init
    const queue = [...new Set(addresses)].slice(0, limits.unnamedPerLook)
    const owners = new Map<string, string[]>()
    const one = async () => {
      for (let address = queue.shift(); address !== undefined; address = queue.shift()) {
        const peerId = await this.#ownerOf(address, signal)
        if (peerId !== undefined) owners.set(peerId, [...(owners.get(peerId) ?? []), address])
      }
    }
    await Promise.all(Array.from({ length: limits.unnamedAtOnce }, one))
    return owners
  }

  async #ownerOf(address: string, signal: AbortSignal): Promise<string | undefined> {
    const { whoIs, limits, clock } = this.#init
    const known = this.#asked.get(address)
    if (known !== undefined && clock.monotonic() < known.until) return known.peerId
    const late = AbortSignal.any([signal, AbortSignal.timeout(limits.unnamedMs)])
    const peerId = await whoIs(address, late).catch(() => undefined)
    if (signal.aborted) return peerId
    this.#asked.delete(address)
    this.#asked.set(address, { peerId, until: clock.monotonic() + limits.unnamedAgainMs })
    const [oldest] = this.#asked.keys()
    if (this.#asked.size > limits.unnamedRemembered && oldest !== undefined) this.#asked.delete(oldest)
    return peerId
  }
}
