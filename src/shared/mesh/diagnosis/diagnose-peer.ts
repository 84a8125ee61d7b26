import { factsOf } from '../../errors.ts'
import type { AddressTrial } from '../dialling/try-address.ts'
import { dialAddress } from '../peers/peer-address.ts'
import type { PeerEntry } from '../peers/peer-entry.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { causeOf, causeOfDial, type Failure } from './causes.ts'
import { type Check, type Diagnosis, diagnosisOf } from './check.ts'
import { clockCheck, clockSkew } from './clock-skew.ts'
import type { DiagnosedMesh, DiagnosisPort } from './diagnosis-port.ts'
import { httpOriginOf } from './http-origin.ts'
import { reachChecks } from './reach-checks.ts'

/** Origins that are asked for the time, at most. */
const MOST_ORIGINS = 2
/** Milliseconds that each has. */
const ORIGIN_MS = 3_000

export interface PeerTarget {
  /** Undefined: whoever answers at the address. */
  peerId: string | undefined
  /** Beside what the peer book knows. */
  addresses: readonly string[]
  /** Of an invite. */
  origin: string | undefined
}

export interface PeerDiagnosis extends Diagnosis {
  /** Absent where nobody answered at an address that names no peer. */
  peer_id?: string
  name?: string
  agent?: string
}

/**
 * Tries all that leads to a peer, for real: each address by a connection of its own, then a session, then what the peer
 * lets this one do; and says of what does not work why, and what to do. Sessions that are open stay as they are.
 * Ends with the signal, with what it has by then. Throws nothing of what the peer does.
 */
export async function diagnosePeer(
  mesh: DiagnosedMesh,
  port: DiagnosisPort,
  target: PeerTarget,
  signal: AbortSignal,
): Promise<PeerDiagnosis> {
  return new PeerDiagnosing(mesh, port, signal).run(target)
}

class PeerDiagnosing {
  readonly #mesh: DiagnosedMesh
  readonly #port: DiagnosisPort
  readonly #signal: AbortSignal
  readonly #checks: Check[] = []

  constructor(mesh: DiagnosedMesh, port: DiagnosisPort, signal: AbortSignal) {
    this.#mesh = mesh
    this.#port = port
    this.#signal = signal
  }

  async run({ peerId, addresses, origin }: PeerTarget): Promise<PeerDiagnosis> {
    const { book, discovery } = this.#mesh
    const told = origin === undefined ? [] : await this.#askInviting(origin, peerId)
    if (peerId !== undefined && origin === undefined && addresses.length === 0 && !this.#isKnown(peerId))
      await discovery.lookFor(peerId, this.#signal).catch(() => false)
    const known = peerId === undefined ? [] : book.addressesOf(peerId)
    if (peerId !== undefined) this.#checks.push(knownCheck(peerId, book.entry(peerId), this.#port.now()))
    const trials = await this.#tryAll(peerId, [...addresses, ...told, ...known])
    const answered = trials.find(({ outcome }) => outcome === 'connected')
    const id = peerId ?? answered?.peer_id
    if (id !== undefined) {
      const worked = trials.filter(({ outcome }) => outcome === 'connected').map(({ address }) => address)
      if (await this.#openSession(id, worked)) await this.#askRights(id)
      await this.#compareClocks(origin, trials)
      this.#checks.push(...(await reachChecks(this.#mesh, book.entry(id), this.#signal)))
    }
    const { name, agent = answered?.agent } = (id === undefined ? undefined : book.entry(id)) ?? {}
    return {
      ...(id === undefined || id === '' ? {} : { peer_id: id }),
      ...(name === undefined ? {} : { name }),
      ...(agent === undefined ? {} : { agent }),
      ...diagnosisOf(this.#checks),
    }
  }

  #isKnown(peerId: string): boolean {
    const { book, host } = this.#mesh
    return host.session(peerId) !== undefined || book.addressesOf(peerId).length > 0
  }

  /** The address file at the origin of an invite: the addresses in it, where it is the right node's. */
  async #askInviting(origin: string, expect: string | undefined): Promise<string[]> {
    const began = this.#port.monotonic()
    const ms = () => rounded(this.#port.monotonic() - began)
    try {
      const { node } = await this.#ask(origin)
      if (node === undefined) throw new Error(`${origin} serves no address file of a node`)
      if (node.peer_id !== expect) throw new Error(`expected peer ${expect}, found ${node.peer_id}`)
      const { namespace } = this.#port
      if (node.namespace !== undefined && node.namespace !== namespace)
        throw new Error(`${origin} is of the namespace ${node.namespace}, this peer of ${namespace}`)
      const summary = `${origin} is that node and names ${count(node.addresses.length, 'address')}`
      this.#checks.push({ name: 'origin', state: 'ok', ms: ms(), summary })
      return node.addresses
    } catch (error) {
      const message = textOf(error)
      const code = message.startsWith('expected peer') ? 'forbidden' : codeOf(error)
      // The peer may be reached all the same, by addresses that are known.
      this.#failed('origin', { step: 'origin', code, message }, { ms: ms(), state: 'warning' })
      return []
    }
  }

  async #tryAll(peerId: string | undefined, given: readonly string[]): Promise<AddressTrial[]> {
    const { host, book } = this.#mesh
    const named = given.map(address =>
      peerId === undefined || /\/p2p\/[^/]+$/.test(address) ? address : dialAddress(address, peerId),
    )
    const own = new Set(host.addresses())
    const addresses = [...new Set(named)].filter(address => !own.has(address))
    const trials = await host.tryAddresses(addresses, { expect: peerId, signal: this.#signal })
    for (const trial of trials) if (trial.peer_id !== '') book.dialled(trial)
    const works = trials.some(({ outcome }) => outcome === 'connected')
    const isOpen = peerId !== undefined && host.session(peerId) !== undefined
    for (const trial of trials) this.#checks.push(addressCheck(trial, works || isOpen ? 'warning' : 'failed'))
    if (trials.length === 0 && !isOpen) {
      this.#checks.push({
        name: 'address',
        state: 'failed',
        summary: 'no address of this peer is known',
        cause: 'no_address',
        advice:
          'No source of peers knows where it is: is it running, and does it share a source with this node (p2p.bootstrap, discovery.*)? Give an address or an invite of it: `toolmesh doctor <invite>`.',
      })
    }
    return trials
  }

  /** Whether there is a session now. */
  async #openSession(peerId: string, worked: string[]): Promise<boolean> {
    const { host, pool } = this.#mesh
    const began = this.#port.monotonic()
    const wasOpen = host.session(peerId) !== undefined
    if (!wasOpen && worked.length === 0) {
      this.#checks.push({ name: 'session', state: 'skipped', summary: 'no address leads to the peer' })
      return false
    }
    try {
      const signal = this.#signal
      // By the host itself: the pool would wait after tries that failed before.
      if (!wasOpen) await host.connect(worked, { expect: peerId, signal })
      const summary = await pool.use(peerId, { signal }, async session => {
        const rtt = await host.ping(peerId, signal)
        const how = wasOpen ? `open, ${session.direction}` : 'opened'
        return `${how}, by ${session.path}; round trip ${rtt.toFixed(1)} ms`
      })
      this.#checks.push({
        name: 'session',
        state: 'ok',
        ms: rounded(this.#port.monotonic() - began),
        summary,
      })
      return true
    } catch (error) {
      const failure = { step: 'session', code: codeOf(error), message: textOf(error) } as const
      this.#failed('session', failure, { ms: rounded(this.#port.monotonic() - began) })
      return false
    }
  }

  async #askRights(peerId: string): Promise<void> {
    const began = this.#port.monotonic()
    const here = this.#port.rightsHere(peerId)
    const may = here.length === 0 ? 'it has no grant here' : `here it may ${here.join(', ')}`
    try {
      const tools = await this.#port.rightsAt(peerId, this.#signal)
      const there = tools === 0 ? 'this peer may work for it' : `this peer sees ${count(tools, 'tool')} there`
      const ms = rounded(this.#port.monotonic() - began)
      this.#checks.push({ name: 'authority', state: 'ok', ms, summary: `${there}; ${may}` })
    } catch (error) {
      const failure = { step: 'authority', code: codeOf(error), message: textOf(error) } as const
      const cause = causeOf({ ...failure, from: 'node' })
      // Who works for us need give us no rights.
      const state = here.length > 0 && cause.cause === 'no_grant' ? 'ok' : 'failed'
      const ms = rounded(this.#port.monotonic() - began)
      if (state === 'ok') {
        this.#checks.push({ name: 'authority', state, ms, summary: `${may}; it gives this peer no rights` })
      } else this.#failed('authority', failure, { ms })
    }
  }

  /** By the Date of its HTTP server: of the invite's origin, or of WebSocket addresses that worked. */
  async #compareClocks(origin: string | undefined, trials: readonly AddressTrial[]): Promise<void> {
    const origins = [
      ...(origin === undefined ? [] : [origin]),
      ...trials.flatMap(({ outcome, address }) =>
        outcome === 'connected' ? (httpOriginOf(address) ?? []) : [],
      ),
    ]
    for (const each of [...new Set(origins)].slice(0, MOST_ORIGINS)) {
      try {
        const { date, asked, answered } = await this.#ask(each)
        if (date === undefined) continue
        const skew = clockSkew({ said: date, resolutionMs: 1_000, asked, answered })
        this.#checks.push(clockCheck(skew, 'the peer'))
        return
      } catch {
        // Not a server that tells; another one may.
      }
    }
    const summary = 'the clock of the peer could not be read: it has no HTTP address that answers from here'
    this.#checks.push({ name: 'clock', state: 'skipped', summary })
  }

  #ask(origin: string) {
    const limit = AbortSignal.any([this.#signal, AbortSignal.timeout(ORIGIN_MS)])
    return unlessAborted(this.#port.askOrigin(origin, limit), limit)
  }

  #failed(
    name: string,
    failure: Omit<Failure, 'from'>,
    { ms, state = 'failed' }: { ms: number; state?: 'failed' | 'warning' },
  ): void {
    const { cause, meaning, advice } = causeOf({ ...failure, from: 'node' })
    this.#checks.push({ name, state, ms, summary: `${meaning}: ${failure.message}`, cause, advice })
  }
}

/** What became of one address, with what to do where it did not lead to the peer. */
export function addressCheck(
  trial: AddressTrial,
  ifFailed: 'failed' | 'warning',
  from: Failure['from'] = 'node',
): Check {
  const { address, outcome, ms, steps, path } = trial
  const facts = { name: 'address', address, ms, steps }
  if (outcome === 'superseded')
    return { ...facts, state: 'skipped', summary: `${path}: not tried to its end` }
  const why = causeOfDial(trial, from)
  if (why === undefined) return { ...facts, state: 'ok', summary: `${path}: it answers` }
  const { failure, cause, meaning, advice } = why
  const summary = `${path}: ${failure.step}: ${meaning} (${failure.message})`
  return { ...facts, state: ifFailed, summary, cause, advice }
}

function knownCheck(peerId: string, entry: PeerEntry | undefined, now: number): Check {
  if (entry === undefined) {
    return { name: 'known', state: 'skipped', summary: `nothing is known of ${peerId} yet` }
  }
  const { standing, last_seen, announcement, barred_for, barred_until, draining } = entry
  const seen = `last seen ${ago(now - last_seen)}`
  if (standing === 'barred') {
    return {
      name: 'known',
      state: 'failed',
      summary: `it is left alone until ${new Date(barred_until ?? now).toISOString()}: ${barred_for ?? 'it went over a limit'}`,
      cause: 'barred',
      advice:
        'It broke a rule of the mesh here (docs/LIMITS.md "Hostile peers"); it is let in again by itself then.',
    }
  }
  const words =
    announcement === undefined
      ? 'it has not announced itself'
      : `its own word holds until ${new Date(announcement.expires_at).toISOString()}`
  const summary = `${draining ? 'it is ending; ' : ''}${STANDING[standing]}, ${seen}; ${words}`
  return { name: 'known', state: draining ? 'warning' : 'ok', summary }
}

const STANDING = {
  granted: 'it holds a grant here or gave one',
  known: 'it proved its id, without a grant',
  heard: 'only told of by others',
} as const

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : what.endsWith('s') ? 'es' : 's'}`
}

function ago(ms: number): string {
  if (ms < 120_000) return `${Math.max(0, Math.round(ms / 1_000))} s ago`
  if (ms < 2 * 3_600_000) return `${Math.round(ms / 60_000)} min ago`
  return `${Math.round(ms / 3_600_000)} h ago`
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function codeOf(error: unknown): string {
  return factsOf(error).code
}
