import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import { ANNOUNCEMENT_VERSION, type PeerAnnouncement, type SignedAnnouncement } from './announcement.ts'
import {
  DEFAULT_TTL_MS,
  MAX_ADDRESSES,
  MAX_ADDRESSES_OF_A_RELAY,
  MAX_ANNOUNCED_LABELS,
  MAX_ANNOUNCEMENT_CHARS,
  MAX_RELAYED_ADDRESSES,
  MAX_TTL_MS,
  MAX_WORD_CHARS,
  MIN_TTL_MS,
} from './announcement-limits.ts'
import { isLoopback, readPeerAddress, relayOf } from './peer-address.ts'
import { signAnnouncement } from './signed-announcement.ts'

/** What changes together, as addresses do at the start, is announced together: milliseconds. */
const SETTLE_MS = 1_000
/** Milliseconds between two announcements of ours; others take one in 10 s. */
const AT_MOST_EVERY_MS = 15_000

/** What a peer can say of itself now. */
export interface OwnFacts {
  /** All that it has; those that nobody can dial, and those too many, are left out. */
  addresses: readonly string[]
  labels: readonly string[]
  catalogue_cid: string
  capacity: number
  running: number
  relay?: { stun_port?: number } | undefined
}

export interface OwnAnnouncementInit {
  privateKey: PrivateKey
  /** Undefined while it is not known: then nothing is said. */
  namespace: () => string | undefined
  kind: PeerAnnouncement['kind']
  agent: string
  name?: string
  facts: () => OwnFacts
  /** Milliseconds that an announcement holds; it is made anew after half of them. Default 30 minutes. */
  ttlMs?: () => number
  /** Of the last one before this start, so that the clock may have been set back. */
  lastSeq?: number
  clock: Clock
  logger: Logger
}

/**
 * What this peer says of itself, signed anew when something of it changes and before it ends. There is none while it
 * has no address at which it can be reached.
 */
export class OwnAnnouncement {
  readonly #init: OwnAnnouncementInit
  readonly #peerId: string
  readonly #listeners = new Set<() => void>()
  #current: { signed: SignedAnnouncement; said: PeerAnnouncement } | undefined
  #seq: number
  #madeAt = Number.NEGATIVE_INFINITY
  #stopTimer: (() => void) | undefined
  #stopRenewal: (() => void) | undefined
  #closed = false

  constructor(init: OwnAnnouncementInit) {
    this.#init = init
    this.#peerId = peerIdFromPrivateKey(init.privateKey).toString()
    this.#seq = init.lastSeq ?? 0
    this.changed()
  }

  current(): SignedAnnouncement | undefined {
    return this.#current?.signed
  }

  /** Of the newest one; kept over a restart. */
  get seq(): number {
    return this.#seq
  }

  /** Calls `listener` after each new announcement, and when there is none any more; the returned function ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What is said may have changed; it is looked at in a moment. */
  changed(): void {
    if (this.#stopTimer !== undefined || this.#closed) return
    const { clock } = this.#init
    const wait = Math.max(SETTLE_MS, this.#madeAt + AT_MOST_EVERY_MS - clock.monotonic())
    this.#stopTimer = clock.after(wait, () => {
      this.#stopTimer = undefined
      void this.#look()
    })
  }

  close(): void {
    this.#closed = true
    this.#stopTimer?.()
    this.#stopRenewal?.()
    this.#listeners.clear()
  }

  async #look(): Promise<void> {
    const addresses = this.#addresses()
    const namespace = this.#init.namespace()
    const before = this.#current?.said
    if (addresses.length === 0 || namespace === undefined) {
      this.#current = undefined
      if (before !== undefined) this.#tell()
      return
    }
    const said = this.#say(addresses, namespace)
    if (before === undefined || !sameSaid(before, said)) await this.#make(said)
  }

  /** The same once more, before it ends. */
  async #renew(): Promise<void> {
    const addresses = this.#addresses()
    const namespace = this.#init.namespace()
    if (addresses.length > 0 && namespace !== undefined) await this.#make(this.#say(addresses, namespace))
  }

  #addresses(): string[] {
    return chosenAddresses(this.#init.facts().addresses, this.#peerId)
  }

  #say(addresses: string[], namespace: string): PeerAnnouncement {
    const { kind, agent, name, facts, ttlMs, clock } = this.#init
    const { labels, catalogue_cid, capacity, running, relay } = facts()
    const said: PeerAnnouncement = {
      v: ANNOUNCEMENT_VERSION,
      namespace,
      peer_id: this.#peerId,
      seq: Math.max(this.#seq + 1, clock.now()),
      issued_at: clock.now(),
      ttl_ms: Math.round(Math.min(MAX_TTL_MS, Math.max(MIN_TTL_MS, ttlMs?.() ?? DEFAULT_TTL_MS))),
      addresses,
      kind,
      agent: agent.slice(0, MAX_WORD_CHARS),
      ...(name === undefined || name === '' ? {} : { name: name.slice(0, MAX_WORD_CHARS) }),
      labels: labels.filter(label => label.length <= MAX_WORD_CHARS).slice(0, MAX_ANNOUNCED_LABELS),
      catalogue_cid,
      capacity,
      running,
      ...(relay === undefined ? {} : { relay }),
    }
    // Fewer addresses rather than none that anybody hears of.
    while (addresses.length > 1 && JSON.stringify(said).length > MAX_ANNOUNCEMENT_CHARS) addresses.pop()
    return said
  }

  async #make(said: PeerAnnouncement): Promise<void> {
    const { privateKey, clock, logger } = this.#init
    this.#seq = said.seq
    this.#madeAt = clock.monotonic()
    try {
      const signed = await signAnnouncement(said, privateKey)
      if (this.#closed) return
      this.#current = { signed, said }
    } catch (error) {
      logger('warning', 'this peer could not sign what it says of itself', { error: String(error) })
      return
    }
    this.#stopRenewal?.()
    this.#stopRenewal = clock.after(said.ttl_ms / 2, () => void this.#renew())
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** Direct ones first, those for its own machine last among them, then relayed ones; of each relay a few. */
function chosenAddresses(addresses: readonly string[], peerId: string): string[] {
  const readable = addresses.flatMap(text => readPeerAddress(text, peerId)?.address ?? [])
  const own = [...new Set(readable)]
  const hereLast = (a: string, b: string) => Number(isLoopback(a)) - Number(isLoopback(b))
  // Of each relay one address that stays on it, and one by which it only introduces.
  const ofRelay = new Map<string, number>()
  const relayed = own.toSorted(hereLast).filter(address => {
    const relay = relayOf(address)
    if (relay === undefined) return false
    const kind = `${relay} ${address.includes('/webrtc')}`
    const before = ofRelay.get(kind) ?? 0
    ofRelay.set(kind, before + 1)
    return before < MAX_ADDRESSES_OF_A_RELAY / 2
  })
  const direct = own.filter(address => relayOf(address) === undefined).sort(hereLast)
  const byRelays = relayed.slice(0, Math.max(MAX_ADDRESSES - direct.length, MAX_RELAYED_ADDRESSES))
  return [...direct.slice(0, MAX_ADDRESSES - byRelays.length), ...byRelays]
}

/** Whether two say the same, but for their number and time, and for the load, which alone is no news. */
function sameSaid(a: PeerAnnouncement, b: PeerAnnouncement): boolean {
  const essence = ({ seq, issued_at, ttl_ms, running, ...rest }: PeerAnnouncement) => JSON.stringify(rest)
  return essence(a) === essence(b)
}
