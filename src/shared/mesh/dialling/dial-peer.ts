import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import { pathOf } from '../connection-path.ts'
import { PeerUnreachableError } from '../errors.ts'
import type { Path } from '../session-contract.ts'
import { unlessAborted } from '../unless-aborted.ts'
import type { DialReport } from './dial-report.ts'
import { DialSteps } from './dial-steps.ts'
import { expectedAddress } from './expected-address.ts'
import { type NameResolver, needsResolving, resolveNames } from './name-resolution.ts'
import { Race } from './race.ts'
import type { DialTransports } from './transports.ts'
import { within } from './within.ts'

export interface DialLimits {
  /** Milliseconds that one address has to give a connection: a packet may be lost twice. */
  directDialMs: number
  /** The same through a relay, which a third peer answers; WebRTC's two short tries and a last one fit in. */
  dialMs: number
  /** Milliseconds to resolve a name. */
  resolveMs: number
  /** Milliseconds for a session to open on a connection. */
  sessionMs: number
  /** Milliseconds between the starts of two addresses of a peer. */
  staggerMs: number
  /** Milliseconds from the start of the last direct address to that of the first relayed one. */
  relayAfterMs: number
  /** Addresses of one peer that are dialled at once. */
  dialsAtOnce: number
  /** Addresses of one peer that are dialled in one round, the first of them. */
  addresses: number
}

export interface DialPeerInit<T> {
  transports: Pick<DialTransports, 'dial'>
  clock: Clock
  limits: DialLimits
  resolver: NameResolver | undefined
  expect: string
  signal: AbortSignal
  /** Connections with the peer that are open already and may be used. */
  existing: readonly Connection[]
  /** Opens on a connection what the dial is for. */
  open: (connection: Connection, signal: AbortSignal) => Promise<T>
  /** Milliseconds from a connection's start until the peer had identified itself; undefined where it has not yet. */
  identified: (connection: Connection) => number | undefined
  onReport: (report: DialReport) => void
}

/** One way to the peer: an address, or a connection that is there. */
interface Contender {
  /** As it was given. */
  address: string
  path: Path
  steps: DialSteps
  target: Multiaddr | undefined
  existing: Connection | undefined
  resolved: boolean
  reported: boolean
}

/**
 * Races the addresses of the peer `expect`: the first on which `open` succeeds wins. Direct ones start in the order
 * given, relayed ones after them; an address of another peer is never dialled, and the secure channel proves the peer
 * id before anything is sent. Each address that was begun gives a report. Throws `unavailable` (PeerUnreachableError,
 * with the reports), `forbidden` when all addresses are of other peers, `invalid_input` when none is a multiaddr, and
 * the signal's reason.
 */
export async function dialPeer<T>(addresses: readonly string[], init: DialPeerInit<T>): Promise<T> {
  return new PeerDial(init).run(addresses)
}

class PeerDial<T> {
  readonly #init: DialPeerInit<T>
  readonly #reports: DialReport[] = []
  #race: Race<Contender, Connection, T> | undefined
  /** Addresses in the race, those that names stand for too. */
  #racing = 0

  constructor(init: DialPeerInit<T>) {
    this.#init = init
  }

  async run(addresses: readonly string[]): Promise<T> {
    const { clock, limits, signal, expect } = this.#init
    const refusals: unknown[] = []
    const contenders = this.#init.existing.map(connection => this.#existing(connection))
    const targets = new Set<string>()
    for (const address of addresses) {
      if (targets.size === limits.addresses) break
      try {
        const target = expectedAddress(address, expect)
        if (!targets.has(target.toString())) contenders.push(this.#contender(address, target))
        targets.add(target.toString())
      } catch (error) {
        refusals.push(error)
      }
    }
    if (contenders.length === 0 && refusals.length > 0) throw refusals[0]
    this.#racing = targets.size
    const isLastResort = ({ path }: Contender) => path === 'relay'
    const race = new Race<Contender, Connection, T>(
      [...contenders.filter(one => !isLastResort(one)), ...contenders.filter(isLastResort)],
      {
        clock,
        limits: {
          staggerMs: limits.staggerMs,
          lastResortMs: limits.relayAfterMs,
          atOnce: limits.dialsAtOnce,
        },
        signal,
        isLastResort,
        begin: (contender, control) => this.#connect(contender, control),
        finish: (contender, connection, control) => this.#open(contender, connection, control),
        discard: (contender, connection) => this.#discard(contender, connection),
      },
    )
    this.#race = race
    const won = await race.run()
    if (won !== undefined) return won
    throw new PeerUnreachableError(expect, this.#reports)
  }

  async #connect(contender: Contender, signal: AbortSignal): Promise<Connection> {
    const { existing, steps } = contender
    const { transports, clock, limits } = this.#init
    try {
      if (existing !== undefined) return existing
      const target = await this.#resolved(contender, signal)
      steps.begin('dial')
      const { dialMs, directDialMs } = limits
      const ms = contender.path === 'webrtc' || contender.path === 'relay' ? dialMs : directDialMs
      const connection = await within(ms, { clock, signal }, limit =>
        transports.dial(target, { signal: limit, onProgress: event => steps.progress(event) }),
      )
      steps.end()
      return connection
    } catch (error) {
      this.#failed(contender, error, signal)
      throw error
    }
  }

  async #open(contender: Contender, connection: Connection, signal: AbortSignal): Promise<T> {
    const { steps } = contender
    const { open, clock, limits } = this.#init
    try {
      signal.throwIfAborted()
      steps.begin('session')
      const opened = await within(limits.sessionMs, { clock, signal }, limit => open(connection, limit))
      steps.end()
      const identified = contender.existing === undefined ? this.#init.identified(connection) : undefined
      if (identified !== undefined) steps.add({ step: 'identify', ms: identified })
      this.#report(contender, 'connected')
      return opened
    } catch (error) {
      this.#failed(contender, error, signal)
      // It may be dead unknown to libp2p: left open, it would be taken again. Others may use one that was there before.
      if (!signal.aborted || contender.existing === undefined)
        connection.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  /** The first of what a name stands for; the others are next in the race. */
  async #resolved(contender: Contender, signal: AbortSignal): Promise<Multiaddr> {
    const { resolver, expect, clock, limits } = this.#init
    const { target, address, steps, resolved } = contender
    if (target === undefined) throw new TypeError('an open connection has no address to resolve')
    if (resolver === undefined || resolved || !needsResolving(target)) return target
    steps.begin('resolve')
    const found = await within(limits.resolveMs, { clock, signal }, limit =>
      unlessAborted(resolveNames(target, { resolver, expect, signal: limit }), limit),
    )
    steps.end()
    const [first, ...others] = found
    if (first === undefined) throw new ToolmeshError('not_found', 'the name stands for no address')
    // A name is its owner's word: it adds no more than a peer may have.
    const further = others.slice(0, Math.max(0, limits.addresses - this.#racing))
    this.#racing += further.length
    this.#race?.add(further.map(other => ({ ...this.#contender(address, other), resolved: true })))
    return first
  }

  #failed(contender: Contender, error: unknown, signal: AbortSignal): void {
    contender.steps.end(signal.aborted ? undefined : error)
    this.#report(contender, signal.aborted ? 'superseded' : 'failed')
  }

  #discard(contender: Contender, connection: Connection): void {
    this.#report(contender, 'superseded')
    if (contender.existing === undefined) connection.close().catch(error => connection.abort(error))
  }

  #report(contender: Contender, outcome: DialReport['outcome']): void {
    if (contender.reported) return
    contender.reported = true
    const { address, path, steps } = contender
    const report = {
      peer_id: this.#init.expect,
      address,
      path,
      outcome,
      ms: steps.ms,
      steps: steps.reports(),
    }
    this.#reports.push(report)
    this.#init.onReport(report)
  }

  #contender(address: string, target: Multiaddr): Contender {
    return {
      address,
      path: pathOf(target),
      steps: new DialSteps(this.#init.clock),
      target,
      existing: undefined,
      resolved: false,
      reported: false,
    }
  }

  #existing(connection: Connection): Contender {
    const address = connection.remoteAddr
    return { ...this.#contender(address.toString(), address), existing: connection }
  }
}
