import { ManualClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import type { DialReport } from '../dialling/dial-report.ts'
import { PeerUnreachableError, SessionClosedError } from '../errors.ts'
import type { Session, SessionEnd } from '../session-contract.ts'
import { SessionUse } from '../session-use.ts'
import { MeshSessionPool, type MeshSessionPoolInit } from './session-pool.ts'

/** A session that ends when the test says so. */
export class TestSession
  implements Pick<Session, 'peerId' | 'direction' | 'closed' | 'hold' | 'idleMs' | 'retire'>
{
  readonly peerId: string
  readonly direction: 'inbound' | 'outbound'
  readonly #end = Promise.withResolvers<SessionEnd>()
  readonly closed = this.#end.promise
  readonly #use: SessionUse
  /** What the peer answers when it is asked to end it. */
  agrees = true
  asked = 0
  ended: string | undefined

  constructor(peerId: string, clock: ManualClock, direction: 'inbound' | 'outbound' = 'outbound') {
    this.peerId = peerId
    this.direction = direction
    this.#use = new SessionUse(clock)
  }

  get held(): boolean {
    return this.#use.held
  }

  hold(): () => void {
    if (this.ended !== undefined) throw new SessionClosedError('it has ended')
    return this.#use.hold()
  }

  idleMs(): number {
    return this.#use.idleMs()
  }

  async retire(): Promise<boolean> {
    this.asked += 1
    if (this.held || !this.agrees) return false
    this.end('idle')
    return true
  }

  end(code: string): void {
    this.ended ??= code
    this.#end.resolve({ code, message: code })
  }
}

type TestHostParts = MeshSessionPoolInit['host']

/** A host whose dials succeed, fail or hang as the test says. */
export class TestHost implements TestHostParts {
  readonly clock: ManualClock
  readonly all: TestSession[] = []
  readonly #listeners = new Set<(session: Session) => void>()
  readonly #dialListeners = new Set<(report: DialReport) => void>()
  /** Dials under way, by peer. */
  readonly dialling = new Map<string, PromiseWithResolvers<void>[]>()
  dials = 0
  /** At most so many dials to one peer were under way at once. */
  mostAtOnce = 0
  dialled: string[][] = []
  answer: 'at once' | 'never' | 'fails' = 'at once'

  constructor(clock: ManualClock) {
    this.clock = clock
  }

  async connect(
    addresses: string[],
    { expect, signal }: { expect: string; signal: AbortSignal },
  ): Promise<Session> {
    this.dials += 1
    this.dialled.push(addresses)
    const hanging = Promise.withResolvers<void>()
    const underWay = this.dialling.get(expect) ?? []
    this.dialling.set(expect, underWay)
    underWay.push(hanging)
    this.mostAtOnce = Math.max(this.mostAtOnce, underWay.length)
    const abort = () => hanging.reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    try {
      if (this.answer === 'at once') hanging.resolve()
      if (this.answer === 'fails') hanging.reject(new PeerUnreachableError(expect))
      await hanging.promise
      return this.begin(expect, 'outbound') as unknown as Session
    } finally {
      underWay.splice(underWay.indexOf(hanging), 1)
      signal.removeEventListener('abort', abort)
    }
  }

  /** A session begins, whoever dialled. */
  begin(peerId: string, direction: 'inbound' | 'outbound'): TestSession {
    const session = new TestSession(peerId, this.clock, direction)
    this.all.push(session)
    for (const listener of this.#listeners) listener(session as unknown as Session)
    return session
  }

  /** Tells of a dial. */
  report(report: DialReport): void {
    for (const listener of this.#dialListeners) listener(report)
  }

  get open(): TestSession[] {
    return this.all.filter(({ ended }) => ended === undefined)
  }

  session(peerId: string): Session | undefined {
    return this.open.findLast(session => session.peerId === peerId) as unknown as Session | undefined
  }

  sessions(): Session[] {
    return this.open as unknown as Session[]
  }

  onSession(fn: (session: Session) => void): () => void {
    this.#listeners.add(fn)
    return () => this.#listeners.delete(fn)
  }

  onDial(fn: (report: DialReport) => void): () => void {
    this.#dialListeners.add(fn)
    return () => this.#dialListeners.delete(fn)
  }

  async dropPeer(peerId: string, reason?: SessionEnd): Promise<void> {
    for (const session of this.open) if (session.peerId === peerId) session.end(reason?.code ?? 'closed')
  }
}

/** A pool over a test host, with the time in hand; every peer is known by one address. */
export function poolOfTest(options: Partial<MeshSessionPoolInit> = {}) {
  const clock = new ManualClock()
  const host = new TestHost(clock)
  const pool = new MeshSessionPool({
    host,
    addressesOf: (peerId, given) => [...given, `/dns/${peerId}/tcp/1`],
    clock,
    logger: silentLogger,
    random: () => 0.5,
    ...options,
  })
  return { pool, host, clock, settle: () => clock.advance(0) }
}
