import type { WorkerOffer } from './ready-index.ts'
import type { Announcement, WorkerLink } from './work.ts'

/** One announced worker: its link, what it offers, and how much of its credit is spent. */
export class WorkerSlot implements WorkerOffer {
  readonly link: WorkerLink
  instance_id = ''
  tools: ReadonlyMap<string, string> = new Map()
  labels: ReadonlySet<string> = new Set()
  credits = 0
  /** Attempts that hold one of the credits. */
  running = 0
  succeeded = 0
  failed = 0

  constructor(link: WorkerLink) {
    this.link = link
  }

  get peer_id(): string {
    return this.link.peer_id
  }

  get isFree(): boolean {
    return this.running < this.credits
  }

  /** Takes over what was announced; `credits` is what the owner accepts of it. */
  update(announcement: Announcement, credits: number): void {
    this.instance_id = announcement.instance_id
    this.tools = new Map(announcement.tools.map(({ tool, code_cid }) => [tool, code_cid]))
    this.labels = new Set(announcement.labels)
    this.credits = credits
  }
}
