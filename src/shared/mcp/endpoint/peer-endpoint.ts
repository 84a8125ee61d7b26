import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { Principal, Role } from '../../authority/principal.ts'
import type { Logger } from '../../logger.ts'
import {
  type ExchangeAnswer,
  type ExchangeRequest,
  exchangeAnswer,
  exchangeRequest,
} from '../../mesh/peers/exchange-message.ts'
import type { Session, SessionEnd } from '../../mesh/session-contract.ts'
import type {
  Announcement,
  Assignment,
  LeaseId,
  OutcomeReport,
  OutcomeVerdict,
  Worker,
  WorkerLink,
  WorkOwner,
} from '../../queue/work.ts'
import type { RuntimeCall } from '../../router/runtime.ts'
import type { Json, JsonObject } from '../../tools/tool.ts'
import type { TransferAnswer, TransferPage } from '../../workflow/ownership/handover/transfer.ts'
import type { Method } from '../binding/method.ts'
import { type RpcCall, serveSurface } from '../binding/serve-surface.ts'
import { isJsonObject } from '../json-object.ts'
import { parseInput } from '../parse-input.ts'
import type { Surface } from '../surface.ts'
import { attemptMethods, hasLease } from './attempt-methods.ts'
import { EndpointTransport } from './endpoint-transport.ts'
import { adoptParams, adoptResult } from './handover-protocol.ts'
import { LeasedWork } from './leased-work.ts'
import { OwnerClient, type RedeemedGrant } from './owner-client.ts'
import { callPeer, callToolOf } from './peer-call.ts'
import { PeerClient, type RequestOptions } from './peer-client.ts'
import { DRAINING_METHOD, redeemParams, WORK_METHOD } from './protocol.ts'
import { type Notify, RemoteWorker } from './remote-worker.ts'
import { toolsShown } from './tools-shown.ts'
import { type WorkMethods, workMethods } from './work-methods.ts'

/** What an endpoint needs of the authority. */
export interface PeerAuthority {
  /** What the peer may do here; undefined for one without a grant. */
  principalOfPeer(peerId: string): Principal | undefined
  /** Gives the peer what an invite says. Left out by a peer that makes no invites, as a tab. */
  redeem?(secret: string, peerId: string): Promise<{ roles: readonly string[]; expires_at: string }>
}

/** Takes workflows of other nodes, page by page. */
export interface WorkflowAdopter {
  take(from: string, page: TransferPage): Promise<TransferAnswer>
}

/** Tells peers of others. */
export interface PeerTeller {
  /** Throws `rate_limited` for a peer that asks too often, before anything of its message is read. */
  admit?(from: string): void
  answer(from: string, request: ExchangeRequest): ExchangeAnswer
}

/** Milliseconds for an answer that takes the peer no more than a look at its memory. */
const EXCHANGE_MS = 15_000

export interface PeerEndpointInit {
  session: Session
  /** What the peer may call and read here, as its roles allow; a tab's holds just its catalogue. */
  surface: Surface
  authority: PeerAuthority
  /** The queue, if this peer owns tasks. */
  owner?: WorkOwner | undefined
  /** What runs attempts, if this peer works for others. */
  worker?: Worker | undefined
  /** What takes workflows that the peer hands over, if this peer owns any. */
  adopter?: WorkflowAdopter | undefined
  /** What tells the peer of others, if this peer takes part in that. */
  teller?: PeerTeller | undefined
  /** The peer is ending: it takes no more work, gets none, and will be gone soon. */
  onDraining?: (() => void) | undefined
  /** The peer announced itself here, or something of that changed. */
  onAnnounce?: ((announcement: Announcement) => void) | undefined
  logger: Logger
}

export interface PeerEndpoint {
  readonly session: Session
  /** Resolves when the peer answered `initialize`; rejects when it does not, or the session ends first. */
  readonly ready: Promise<void>
  /** Resolves when the session has ended. */
  readonly closed: Promise<SessionEnd>
  /** For reading and watching the peer's resources. */
  readonly client: Client
  /** The peer as a worker of ours. */
  readonly link: WorkerLink
  /** Tells the peer the secret of its invite. Throws `forbidden`, `rate_limited`. */
  redeem(secret: string): Promise<RedeemedGrant>
  /** Offers this peer's work to the other: from now on its leases are taken. Sends only what changed. */
  announce(announcement: Announcement): Promise<{ accepted: number; lease_ms: number }>
  /** Reports outcomes that could not be answered on their call; verdicts in the same order. */
  complete(reports: OutcomeReport[]): Promise<OutcomeVerdict[]>
  /** Asks for work, for a peer that nobody can push to. */
  claim(max: number): Promise<Assignment[]>
  /** Renews leases by itself; gives those that are still this peer's. */
  heartbeat(leases: LeaseId[]): Promise<LeaseId[]>
  /** Runs leases that were claimed; their outcomes are reported as those of pushed ones are. */
  start(assignments: Assignment[]): void
  /** Calls `listener` when the peer has work again after a claim got less than it asked for. */
  onWork(listener: () => void): void
  /** Hands over a page of a workflow. */
  handOver(page: TransferPage, options: RequestOptions): Promise<TransferAnswer>
  /** Tells the peer of others, and hears of some. Throws `forbidden` and `unauthenticated` where neither granted the other. */
  exchange(request: ExchangeRequest, signal: AbortSignal): Promise<ExchangeAnswer>
  /** Tells the peer that this one is ending. */
  tellDraining(): void
  /** Calls a tool of the peer itself, as `p2p_workflow_status`, in this node's name. */
  callTool(name: string, input: JsonObject, options: RequestOptions): Promise<Json>
  /**
   * How many tools the peer shows this one; 0 where its grant is for working only. Throws `unauthenticated` where there is no
   * grant, and as `PeerClient.request` does.
   */
  toolsShown(options: RequestOptions): Promise<number>
  /** Runs one call on the peer, for its PeerRuntime. */
  call(call: RuntimeCall): Promise<Json>
  close(): Promise<void>
}

/**
 * MCP in both directions on one session, and the work between peers beside it (docs/PROTOCOL.md "Work between
 * peers"). The dialler initializes first. A peer without a grant can initialize, ping and redeem, no more.
 */
export function openPeerEndpoint(init: PeerEndpointInit): PeerEndpoint {
  const { session, surface, authority, owner, worker, adopter, teller, logger } = init
  const { peerId } = session
  const peerInitialized = Promise.withResolvers<void>()
  const peer = new PeerClient({
    session,
    name: surface.name,
    version: surface.version,
    turn: session.direction === 'outbound' ? Promise.resolve() : peerInitialized.promise,
    logger,
  })
  const notify: Notify = async (method, params) => (await served)?.notify(method, params)
  const link = new RemoteWorker(peerId, peer, notify)
  const ownerClient = new OwnerClient(peer)
  const leased =
    worker === undefined
      ? undefined
      : new LeasedWork({
          worker,
          ownerId: peerId,
          instanceId: () => ownerClient.announced?.instance_id ?? '',
          complete: reports => ownerClient.complete(reports),
          notify,
          logger,
        })

  const transport = new EndpointTransport(session.serverTransport)
  let theyWork = false
  let work: WorkMethods | undefined
  peer.onNotification(DRAINING_METHOD, () => {
    work?.drain()
    init.onDraining?.()
  })

  function extend(base: Readonly<Record<string, Method>>): Record<string, Method> {
    const methods = { ...base }
    if (authority.redeem !== undefined)
      methods['toolmesh/redeem'] = redeemMethod(authority.redeem.bind(authority), peerId)
    if (owner !== undefined) {
      const onAnnounce = (announcement: Announcement): void => {
        theyWork = true
        init.onAnnounce?.(announcement)
      }
      work = workMethods({ owner, link, onAnnounce })
      Object.assign(methods, work.methods)
    }
    if (adopter !== undefined)
      methods['toolmesh/adopt'] = params => adopter.take(peerId, parseInput(adoptParams, params))
    if (teller !== undefined)
      methods['toolmesh/peers'] = params => {
        teller.admit?.(peerId)
        return teller.answer(peerId, parseInput(exchangeRequest, params))
      }
    const plainCall = base['tools/call']
    if (worker !== undefined && leased !== undefined && plainCall !== undefined) {
      Object.assign(
        methods,
        attemptMethods({
          worker,
          leased,
          ownerId: peerId,
          announced: () => ownerClient.announced !== undefined,
          plainCall,
          logger,
        }),
      )
    }
    return methods
  }

  const served = serveSurface(surface, {
    transport,
    principal(request) {
      const granted = authority.principalOfPeer(peerId)
      const asOwner = request !== undefined && isForWorker(request, ownerClient.announced)
      return asOwner ? ownerOf(peerId, granted) : granted
    },
    extend,
    onInitialized: peerInitialized.resolve,
    logger,
  }).catch(error => {
    logger('warning', 'a session could not be served', { peer_id: peerId, error: String(error) })
    void session.close({ code: 'internal', message: 'this side cannot serve the session' })
    return undefined
  })

  const closed = session.closed.then(end => {
    link.lost()
    if (theyWork) owner?.dropped(link)
    return end
  })

  return {
    session,
    ready: peer.ready,
    closed,
    client: peer.client,
    link,
    redeem: secret => ownerClient.redeem(secret),
    announce: announcement => ownerClient.announce(announcement),
    complete: reports => ownerClient.complete(reports),
    claim: max => ownerClient.claim(max),
    heartbeat: leases => ownerClient.heartbeat(leases),
    start(assignments) {
      if (leased === undefined) throw new TypeError('this endpoint was given no worker')
      leased.start(assignments)
    },
    onWork: listener => peer.onNotification(WORK_METHOD, listener),
    handOver: (page, options) => peer.request('toolmesh/adopt', page, adoptResult, options),
    exchange: (request, signal) =>
      peer.request('toolmesh/peers', request, exchangeAnswer, { signal, timeoutMs: EXCHANGE_MS }),
    tellDraining() {
      notify(DRAINING_METHOD, {}).catch(error =>
        logger('debug', 'a peer was not told that this one ends', { peer_id: peerId, error: String(error) }),
      )
    },
    callTool: (name, input, options) => callToolOf(peer, name, input, options),
    toolsShown: options => toolsShown(peer, options),
    call: call => callPeer(peer, peerId, call),
    close: () => session.close(),
  }
}

function redeemMethod(redeem: NonNullable<PeerAuthority['redeem']>, peerId: string): Method {
  return params => redeem(parseInput(redeemParams, params).secret, peerId)
}

/** What an owner may ask of a worker that announced itself to it, whatever grant it has: leases and what was announced. */
function isForWorker({ method, params }: RpcCall, announced: Announcement | undefined): boolean {
  if (announced === undefined) return false
  if (OF_OWNERS.has(method)) return true
  if (method !== 'tools/call' || !isJsonObject(params)) return false
  return hasLease(params) || announced.tools.some(({ tool }) => tool === params.name)
}

const OF_OWNERS: ReadonlySet<string> = new Set([
  'toolmesh/run',
  'toolmesh/cancel',
  'toolmesh/renew',
  'toolmesh/settled',
  'toolmesh/peers',
])

function ownerOf(peerId: string, granted: Principal | undefined): Principal {
  return { id: `peer:${peerId}`, roles: new Set<Role>([...(granted?.roles ?? []), 'submit']) }
}
