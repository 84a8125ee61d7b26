import type { InviteLink } from '../shared/authority/invite-link.ts'
import { parseInvite } from '../shared/authority/invite-link.ts'
import type { Clock } from '../shared/clock.ts'
import { InvalidInputError, ToolmeshError } from '../shared/errors.ts'
import type { Logger } from '../shared/logger.ts'
import { type LinkState, OwnerLink } from '../shared/mcp/endpoint/owner-link.ts'
import type { PeerEndpoint } from '../shared/mcp/endpoint/peer-endpoint.ts'
import type { MeshHost } from '../shared/mesh/host-contract.ts'
import type { LocalPeerBook } from '../shared/mesh/peers/peer-book.ts'
import type { SessionPool } from '../shared/mesh/pool/session-pool-contract.ts'
import type { Session } from '../shared/mesh/session-contract.ts'
import type { Queue } from '../shared/queue/queue.ts'
import type { Announcement, WorkerLink } from '../shared/queue/work.ts'
import type { AttemptRunner } from '../shared/queue/worker/attempt-runner.ts'
import { shareCredits } from '../shared/queue/worker/credit-share.ts'
import { memberAddresses } from './member-addresses.ts'
import type { MembershipRecord } from './store/membership-file.ts'

/** Milliseconds for a first connection; afterwards it is tried again for as long as the node lives. */
const JOIN_MS = 30_000

/** Addresses of a node that are kept over a restart: where it was reached last. */
const ADDRESSES_KEPT = 8

/** What joining another node gave. */
export interface Joined {
  peer_id: string
  roles: string[]
  expires_at: string
}

interface Membership {
  record: MembershipRecord
  /** Undefined only while it is made. */
  link: OwnerLink | undefined
  online: boolean
  /** It is ending: what it runs here ends, and it gets nothing more. */
  draining: boolean
  /** It took this node as its worker, so it is remembered over a restart. */
  granted: boolean
}

/** How this node is introduced to an owner: by the grant it has, or else by an invite. */
interface Introduction {
  granted: boolean
  secret: string | undefined
  joined?: PromiseWithResolvers<Joined>
}

export interface MembershipsInit {
  host: MeshHost
  pool: SessionPool
  endpointOf: (session: Session) => PeerEndpoint | undefined
  queue: Queue
  /** This node's own workers, which its queue and the other owners share. */
  runner: AttemptRunner
  own: WorkerLink
  /** What is announced, but for the credits. */
  offer: Omit<Announcement, 'credits'>
  /** Work is fetched from the owners instead of being pushed by them. */
  pull: boolean
  /** Where nodes are known to be, and who else can be asked for one of them. */
  book: LocalPeerBook
  /** Where a peer may be: by the book, and by the relays that both may have. */
  addressesOf: (peerId: string) => string[]
  lookFor: (peerId: string, signal: AbortSignal) => Promise<unknown>
  file: { load(): Promise<MembershipRecord[]>; save(records: readonly MembershipRecord[]): Promise<void> }
  clock: Clock
  logger: Logger
}

/**
 * The nodes that this one works for with its own worker threads. Its own tasks come first; what they leave free
 * is granted to the others, and taken back as own work comes.
 */
export class Memberships {
  readonly #init: MembershipsInit
  readonly #members = new Map<string, Membership>()
  /** Granted to its own queue now. */
  #own = 0
  #granted = new Map<string, number>()
  #sharePlanned = false
  #saving: Promise<void> = Promise.resolve()

  constructor(init: MembershipsInit) {
    this.#init = init
    init.queue.onChange(() => this.#planShare())
    init.runner.onChange(() => this.#planShare())
    init.book.onNews(peerId => this.#newsOf(peerId))
    this.#share()
  }

  /**
   * Joins again whom it worked for before, and whom the settings name: tried until they are reached, for as long
   * as they do not refuse. Does not wait for them.
   */
  async start(invites: readonly string[]): Promise<void> {
    const named = new Map(invites.map(parseInvite).map(invite => [invite.peerId, invite]))
    for (const record of await this.#init.file.load()) {
      this.#add(record, { granted: true, secret: named.get(record.owner_id)?.secret })
    }
    for (const { origin, secret, peerId } of named.values()) {
      if (origin !== undefined && !this.#members.has(peerId))
        this.#add({ owner_id: peerId, origin }, { granted: false, secret })
    }
  }

  /**
   * Redeems an invite of another node and works for it from now on, over restarts too. Throws `forbidden`,
   * `unauthenticated` (the invite is refused), `owner_unreachable`.
   */
  async join({ origin, secret, peerId }: InviteLink, signal: AbortSignal): Promise<Joined> {
    if (origin === undefined)
      throw new InvalidInputError('/invite', 'a fragment', 'a whole invite link with its host')
    if (peerId === this.#init.host.peerId) {
      throw new InvalidInputError('/invite', peerId, 'an invite of another node')
    }
    const joined = Promise.withResolvers<Joined>()
    const late = AbortSignal.any([signal, AbortSignal.timeout(JOIN_MS)])
    late.addEventListener('abort', () => {
      joined.reject(new ToolmeshError('owner_unreachable', `${origin} could not be joined in time`))
    })
    await this.#members.get(peerId)?.link?.close()
    this.#add({ owner_id: peerId, origin }, { granted: false, secret, joined })
    try {
      return await joined.promise
    } catch (error) {
      await this.#remove(peerId)
      throw error
    }
  }

  /** Whether this node works for a peer, or tries to. */
  has(peerId: string): boolean {
    return this.#members.has(peerId)
  }

  /** A node that this one works for is ending: the workers that it does not use any more go to the others. */
  draining(peerId: string): void {
    const member = this.#members.get(peerId)
    if (member === undefined) return
    member.draining = true
    this.#share()
  }

  /** Whether this node works for that one, by a grant that it has: it relays for this one too, if it relays. */
  worksFor(peerId: string): boolean {
    return this.#members.get(peerId)?.granted === true
  }

  async close(): Promise<void> {
    await Promise.all([...this.#members.values()].map(({ link }) => link?.close()))
    await this.#saving
  }

  #add(record: MembershipRecord, { granted, secret, joined }: Introduction): void {
    const { host, pool, runner, endpointOf, pull, clock, logger, offer, lookFor, addressesOf } = this.#init
    const book = { addressesOf, hear: this.#init.book.hear.bind(this.#init.book) }
    const ownerId = record.owner_id
    const member: Membership = { record, link: undefined, online: false, draining: false, granted }
    this.#members.set(ownerId, member)
    member.link = new OwnerLink({
      host,
      pool,
      ownerId,
      addresses: () => memberAddresses(member.record, { book, lookFor, granted: member.granted }),
      granted,
      secret,
      onGranted: async grant => {
        member.granted = true
        await this.#save()
        if (grant !== undefined)
          joined?.resolve({ peer_id: ownerId, roles: grant.roles, expires_at: grant.expires_at })
      },
      runner,
      open: session => {
        const endpoint = endpointOf(session)
        if (endpoint === undefined) throw new ToolmeshError('unavailable', 'the session has ended')
        return endpoint
      },
      announcement: () => ({ ...offer, credits: this.#granted.get(ownerId) ?? 0 }),
      pull,
      clock,
      logger,
      onState: state => this.#onState(member, state, joined),
    })
  }

  #onState(member: Membership, state: LinkState, joined: PromiseWithResolvers<Joined> | undefined): void {
    const { owner_id } = member.record
    if (this.#members.get(owner_id) !== member) return
    member.online = state.phase === 'online'
    // What it said of its end, it said of the session that is over.
    if (!member.online) member.draining = false
    else this.#reachedAt(member)
    if (state.phase === 'refused') {
      this.#init.logger('warning', 'a node does not take this one as its worker', {
        peer_id: owner_id,
        why: state.why,
      })
      joined?.reject(new ToolmeshError('forbidden', `the invite was refused: ${state.why}`))
    }
    this.#share()
  }

  /** There is another address of a node: it is tried at once, not when its turn would come. */
  #newsOf(peerId: string): void {
    const member = this.#members.get(peerId)
    if (member?.online === false) member.link?.wake()
  }

  /** So that it is found again after a restart of both, when nothing but this is known. */
  #reachedAt(member: Membership): void {
    const addresses = this.#init.book.addressesOf(member.record.owner_id).slice(0, ADDRESSES_KEPT)
    if (!member.granted || addresses.join() === member.record.addresses?.join()) return
    member.record = { ...member.record, addresses }
    this.#save().catch(error =>
      this.#init.logger('warning', 'where a node was reached could not be kept', { error: String(error) }),
    )
  }

  /** Once for all that one commit has changed. */
  #planShare(): void {
    if (this.#sharePlanned) return
    this.#sharePlanned = true
    queueMicrotask(() => {
      this.#sharePlanned = false
      this.#share()
    })
  }

  /** Grants anew wherever the share has changed. */
  #share(): void {
    const { queue, runner, own, offer } = this.#init
    const online = [...this.#members].filter(([, member]) => member.online && !member.draining)
    const running = online.map(([ownerId]) => runner.live(ownerId).length)
    const ending = [...this.#members].filter(([, member]) => member.draining)
    const leaving = ending.reduce((sum, [ownerId]) => sum + runner.live(ownerId).length, 0)
    const capacity = Math.max(0, runner.credits - leaving)
    const share = shareCredits(capacity, queue.demandOf(own.peer_id), running)
    const before = this.#granted
    this.#granted = new Map(online.map(([ownerId], index) => [ownerId, share.others[index] ?? 0]))
    for (const [ownerId, { link }] of online) {
      if (this.#granted.get(ownerId) !== before.get(ownerId)) link?.offerChanged()
    }
    if (share.own === this.#own) return
    this.#own = share.own
    queue.announce(own, { ...offer, credits: share.own })
  }

  async #remove(ownerId: string): Promise<void> {
    await this.#members.get(ownerId)?.link?.close()
    this.#members.delete(ownerId)
    this.#share()
  }

  #save(): Promise<void> {
    const records = [...this.#members.values()].filter(({ granted }) => granted).map(({ record }) => record)
    this.#saving = this.#saving.catch(() => {}).then(() => this.#init.file.save(records))
    return this.#saving
  }
}
