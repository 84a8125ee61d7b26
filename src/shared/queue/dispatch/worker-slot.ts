import type { Announcement, WorkerLink } from '../work.ts'

/** What may be changed of an announced worker's offer by who runs this node. */
export interface OfferChange {
  /** Attempts at once, at most; never more than the worker itself grants. */
  credits?: number
  /** Replaces the labels that it announced. */
  labels?: readonly string[]
}

/** One announced worker: its link, what it offers, and how much of its credit is spent. */
export class WorkerSlot {
  readonly link: WorkerLink
  /** Epoch milliseconds of its first announcement on this link. */
  readonly since: number
  instance_id = ''
  /** code_cid by tool name. */
  tools: ReadonlyMap<string, string> = new Map()
  /** Attempts that hold one of the credits. */
  running = 0
  #announced: { credits: number; labels: ReadonlySet<string> } = { credits: 0, labels: new Set() }
  #change: { credits?: number; labels?: ReadonlySet<string> } = {}

  constructor(link: WorkerLink, since: number) {
    this.link = link
    this.since = since
  }

  get peer_id(): string {
    return this.link.peer_id
  }

  get credits(): number {
    return Math.min(this.#announced.credits, this.#change.credits ?? Number.POSITIVE_INFINITY)
  }

  get labels(): ReadonlySet<string> {
    return this.#change.labels ?? this.#announced.labels
  }

  get isFree(): boolean {
    return this.running < this.credits
  }

  /** Takes over what was announced; `credits` is what the owner accepts of it. */
  update(announcement: Announcement, credits: number): void {
    this.instance_id = announcement.instance_id
    this.tools = new Map(announcement.tools.map(({ tool, code_cid }) => [tool, code_cid]))
    this.#announced = { credits, labels: new Set(announcement.labels) }
  }

  /** Holds for as long as the link does, whatever is announced later. */
  adjust({ credits, labels }: OfferChange): void {
    if (credits !== undefined) this.#change.credits = credits
    if (labels !== undefined) this.#change.labels = new Set(labels)
  }
}
