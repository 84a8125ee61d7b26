import type { z } from 'zod'
import type { Announcement, Assignment, LeaseId, OutcomeReport, OutcomeVerdict } from '../../queue/work.ts'
import { PeerAnswerError } from '../errors.ts'
import { writeReports } from './batch-messages.ts'
import type { PeerClient } from './peer-client.ts'
import { announceResult, claimResult, completeResult, heartbeatResult, redeemResult } from './protocol.ts'

/** Milliseconds for an answer that takes the owner at most a commit. */
const ANSWER_TIMEOUT_MS = 30_000

export type RedeemedGrant = z.output<typeof redeemResult>

/** What a worker asks of an owner on the other end of a session. */
export class OwnerClient {
  readonly #client: PeerClient
  #announced: Announcement | undefined
  /** What the owner is certain to know. */
  #known: Announcement | undefined

  constructor(client: PeerClient) {
    this.#client = client
  }

  /** What we offered last on this session; set before it is sent, as leases may come before the answer. */
  get announced(): Announcement | undefined {
    return this.#announced
  }

  redeem(secret: string): Promise<RedeemedGrant> {
    return this.#ask('toolmesh/redeem', { secret }, redeemResult)
  }

  async announce(announcement: Announcement): Promise<{ accepted: number; lease_ms: number }> {
    const known = this.#known
    this.#announced = announcement
    // Should this fail, the next one says all again.
    this.#known = undefined
    // Batches are no matter of the announcement: this side of the protocol takes them.
    const change = { ...changeOf(known, announcement), ...(known === undefined ? { batch: true } : {}) }
    const answer = await this.#ask('toolmesh/announce', change, announceResult)
    this.#known = announcement
    return answer
  }

  async complete(reports: OutcomeReport[]): Promise<OutcomeVerdict[]> {
    const { verdicts } = await this.#ask('toolmesh/complete', writeReports(reports), completeResult)
    if (verdicts.length !== reports.length) {
      throw new PeerAnswerError(this.#client.peerId, 'toolmesh/complete', 'not one verdict for each outcome')
    }
    return verdicts
  }

  /** Renews leases; gives those that are still this worker's. */
  async heartbeat(leases: LeaseId[]): Promise<LeaseId[]> {
    return (await this.#ask('toolmesh/heartbeat', { leases }, heartbeatResult)).leases
  }

  async claim(max: number): Promise<Assignment[]> {
    return (await this.#ask('toolmesh/claim', { max }, claimResult)).leases
  }

  #ask<S extends z.ZodType>(method: string, params: object, schema: S): Promise<z.output<S>> {
    return this.#client.request(method, params, schema, { timeoutMs: ANSWER_TIMEOUT_MS })
  }
}

function changeOf(before: Announcement | undefined, now: Announcement): Partial<Announcement> {
  if (before === undefined || before.instance_id !== now.instance_id) return now
  return {
    instance_id: now.instance_id,
    ...(same(before.tools, now.tools) ? {} : { tools: now.tools }),
    ...(same(before.labels, now.labels) ? {} : { labels: now.labels }),
    ...(before.credits === now.credits ? {} : { credits: now.credits }),
  }
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
