import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { MeshHost } from '../host-contract.ts'
import { rangeOfIp } from '../limits/address-range.ts'
import { hostOf, isLoopback, relayOf } from '../peers/peer-address.ts'
import { MOST_DIALLED_BACK } from './dial-back.ts'
import type { NatState, PublicIp, Reachability, ReachabilityReporter } from './reachability.ts'

/** Milliseconds between two rounds of questions, with a quarter of jitter, and from a new session to the first one. */
const EVERY_MS = 30 * 60_000
const FIRST_MS = 5_000

/** Milliseconds for one round. */
const ROUND_MS = 15_000

/** Peers that are asked in one round. */
const ASKED = 3

/** Peers whose word is remembered, each with the address at which it saw this one. */
const WITNESSES = 64

/** Milliseconds that a connection which came in on request says that others can come in too. */
const CONFIRMED_MS = 2 * EVERY_MS

export interface AskedReachabilityInit {
  host: Pick<MeshHost, 'addresses' | 'sessions' | 'dialBack' | 'onObserved' | 'onSession'>
  /** Whether a peer's word counts: a stranger's would have this one announce whatever address it likes. */
  trusts: (peerId: string) => boolean
  /** What others than peers say: STUN, services that are switched on. */
  others: (signal: AbortSignal) => Promise<PublicIp[]>
  clock: Clock
  logger: Logger
  /** In [0, 1). */
  random: () => number
}

/** How this peer can be reached: by what its peers see of it, and by which of its addresses they come in when they are asked to. */
export class AskedReachability implements ReachabilityReporter {
  readonly #init: AskedReachabilityInit
  /** The address at which a peer saw this one, by peer id. */
  readonly #seen = new Map<string, { ip: string; at: number }>()
  readonly #confirmed = new Map<string, number>()
  readonly #listeners = new Set<() => void>()
  readonly #stops: (() => void)[]
  #others: PublicIp[] = []
  /** Whether the last round asked somebody who saw a public address, and nobody came in. */
  #refused = false
  #checkedAt: number | undefined
  #round: Promise<void> | undefined
  #stopTimer: (() => void) | undefined
  #closed = false

  constructor(init: AskedReachabilityInit) {
    this.#init = init
    const { host } = init
    this.#stops = [
      host.onObserved((peerId, address) => this.#hear(peerId, address)),
      host.onSession(() => {
        if (this.#checkedAt === undefined) this.#plan(FIRST_MS)
      }),
    ]
  }

  /** Addresses by which a peer came in when it was asked to, as long as that holds. */
  confirmed(): string[] {
    const now = this.#init.clock.now()
    return [...this.#confirmed].filter(([, at]) => now - at < CONFIRMED_MS).map(([address]) => address)
  }

  /** Calls `fn` when other addresses are confirmed. */
  onChange(fn: () => void): () => void {
    this.#listeners.add(fn)
    return () => this.#listeners.delete(fn)
  }

  async report({ refresh, signal }: { refresh: boolean; signal: AbortSignal }): Promise<Reachability> {
    if (refresh) await this.#ask(signal)
    const addresses = this.#init.host.addresses()
    const confirmed = this.confirmed()
    const listening = addresses.filter(
      address => relayOf(address) === undefined && !confirmed.includes(bare(address)),
    )
    return {
      nat: this.#nat(confirmed),
      public_ips: this.#publicIps(confirmed, listening),
      addresses: [
        ...confirmed.map(address => ({ address, state: 'confirmed' as const })),
        ...this.#observed(confirmed).map(address => ({ address, state: 'observed' as const })),
        ...listening.map(address => ({ address, state: 'listening' as const })),
      ],
      relays: relaysOf(addresses),
      ...(this.#checkedAt === undefined ? {} : { checked_at: this.#checkedAt }),
    }
  }

  close(): void {
    this.#closed = true
    this.#stopTimer?.()
    for (const stop of this.#stops) stop()
  }

  #plan(ms: number): void {
    if (this.#closed) return
    this.#stopTimer?.()
    this.#stopTimer = this.#init.clock.after(ms, async () => {
      await this.#ask(AbortSignal.timeout(ROUND_MS))
      this.#plan(EVERY_MS * (0.75 + this.#init.random() / 2))
    })
  }

  #hear(peerId: string, address: string): void {
    const ip = hostOf(address)
    if (ip === undefined || address.includes('/p2p-circuit') || isLoopback(address)) return
    this.#seen.delete(peerId)
    this.#seen.set(peerId, { ip, at: this.#init.clock.now() })
    if (this.#seen.size <= WITNESSES) return
    // Strangers make room first: they come as many as they like.
    const ids = [...this.#seen.keys()]
    this.#seen.delete(ids.find(id => !this.#init.trusts(id)) ?? ids[0] ?? peerId)
  }

  /** Where those see this one that are trusted now: a grant comes after the first look. */
  #believed(): Map<string, { ip: string; at: number }> {
    return new Map([...this.#seen].filter(([peerId]) => this.#init.trusts(peerId)))
  }

  /** One round at a time; who comes meanwhile waits for its end. */
  async #ask(signal: AbortSignal): Promise<void> {
    this.#round ??= this.#askAll(signal).finally(() => {
      this.#round = undefined
    })
    await this.#round
  }

  async #askAll(signal: AbortSignal): Promise<void> {
    const { host, others, clock, logger, random } = this.#init
    const told = others(signal).catch(error => {
      logger('debug', 'nobody else says a public address', { error: String(error) })
      return []
    })
    const believed = this.#believed()
    const witnesses = host
      .sessions()
      .flatMap(({ peerId, path }) => {
        const seen = believed.get(peerId)
        return seen === undefined || path === 'relay' ? [] : [{ peerId, ip: seen.ip }]
      })
      .map(witness => ({ witness, turn: random() }))
      .sort((a, b) => a.turn - b.turn)
      .slice(0, ASKED)
    let came = false
    let asked = false
    for (const { witness } of witnesses) {
      const candidates = this.#candidates(witness.ip)
      if (candidates.length === 0 || signal.aborted) continue
      try {
        const reached = await host.dialBack(witness.peerId, candidates, signal)
        if (isPublic(witness.ip)) asked = true
        for (const address of reached.filter(one => candidates.includes(one))) {
          came ||= isPublic(witness.ip)
          this.#confirmed.set(address, clock.now())
        }
      } catch (error) {
        logger('debug', 'a peer does not dial back', { peer_id: witness.peerId, error: String(error) })
      }
    }
    if (asked) this.#refused = !came
    this.#others = await told
    this.#checkedAt = clock.now()
    for (const listener of this.#listeners) listener()
  }

  /** Own listeners, as if they were at that address: a router that lets somebody in mostly keeps the port. */
  #candidates(ip: string): string[] {
    const family = ip.includes(':') ? 'ip6' : 'ip4'
    const own = this.#init.host
      .addresses()
      .filter(
        address =>
          relayOf(address) === undefined && !isLoopback(address) && address.startsWith(`/${family}/`),
      )
      .map(address => bare(address).replace(/^\/ip[46]\/[^/]+/, `/${family}/${ip}`))
    return [...new Set(own)].slice(0, MOST_DIALLED_BACK)
  }

  #nat(confirmed: readonly string[]): NatState {
    if (confirmed.some(address => isPublic(hostOf(address) ?? ''))) return 'public'
    return this.#refused ? 'private' : 'unknown'
  }

  #publicIps(confirmed: readonly string[], listening: readonly string[]): PublicIp[] {
    const found: PublicIp[] = []
    const add = (ip: string, source: PublicIp['source'], at: number) => {
      if (!isPublic(ip)) return
      const known = found.find(one => one.ip === ip && one.source === source)
      if (known === undefined) found.push({ ip, source, witnesses: 1, at })
      else {
        known.witnesses += 1
        known.at = Math.max(known.at, at)
      }
    }
    for (const address of confirmed) add(hostOf(address) ?? '', 'autonat', this.#confirmed.get(address) ?? 0)
    for (const { ip, at } of this.#believed().values()) add(ip, 'observed', at)
    const now = this.#init.clock.now()
    for (const ip of new Set(listening.map(address => hostOf(address) ?? ''))) add(ip, 'listener', now)
    const others = this.#others.filter(({ ip }) => isPublic(ip))
    const confirmedOnes = found.filter(({ source }) => source === 'autonat')
    const rest = found.filter(({ source }) => source !== 'autonat').sort((a, b) => b.witnesses - a.witnesses)
    return [...confirmedOnes, ...rest, ...others]
  }

  /** Where peers saw this one, without the port, which is that of one connection only. */
  #observed(confirmed: readonly string[]): string[] {
    const known = new Set(confirmed.map(hostOf))
    const ips = new Set([...this.#believed().values()].map(({ ip }) => ip))
    return [...ips].filter(ip => !known.has(ip)).map(ip => `/${ip.includes(':') ? 'ip6' : 'ip4'}/${ip}`)
  }
}

/** Without the peer's own id at its end. */
function bare(address: string): string {
  return address.replace(/\/p2p\/[^/]+$/, '')
}

function isPublic(ip: string): boolean {
  return rangeOfIp(ip).kind === 'public'
}

function relaysOf(addresses: readonly string[]): Reachability['relays'] {
  const relays = new Map<string, string[]>()
  for (const address of addresses) {
    const relay = relayOf(address)
    if (relay !== undefined) relays.set(relay, [...(relays.get(relay) ?? []), address])
  }
  return [...relays].map(([peer_id, through]) => ({ peer_id, addresses: through }))
}
