/** What the join page drives; `createTab` in tab.ts makes it. */
import type { DialReport, DialStep } from '../shared/mesh/dialling/dial-report.ts'

export type TabPhase =
  /** Not joined: no invite, no grant. */
  | 'idle'
  | 'connecting'
  | 'online'
  /** The connection was lost; it is being made again. `retry_at` says when. */
  | 'reconnecting'
  | 'draining'
  | 'left'
  | 'failed'

/** Addresses of the node that a state tells of, at most. */
export const MOST_DIALS = 16

/** An address of the node that did not lead to it. */
export interface FailedDial extends Pick<DialReport, 'address' | 'path' | 'ms'> {
  step: DialStep
  /** What the transport said. */
  message: string
  /** What it means, and what to do, in plain words. */
  meaning: string
  advice: string
}

/** Why the node was not reached by the last try. */
export interface Unreached {
  reason: { code: string; message: string }
  /** What the reason means, and what to do, where no address could be tried. */
  meaning: string
  advice: string
  /** At most `MOST_DIALS`; empty where it was not known where the node is. */
  dials: readonly FailedDial[]
  /** Epoch milliseconds. */
  at: number
}

export interface TabAttempt {
  task_id: string
  tool: string
  /** Epoch milliseconds. */
  started_at: number
  progress?: { done: number; total?: number; message?: string }
}

export interface TabState {
  phase: TabPhase
  /** True while the tab takes no new work. */
  paused: boolean
  /** Identity slot of this tab in this browser, from 0. */
  slot?: number
  peer_id?: string
  node_peer_id?: string
  path?: string
  rtt_ms?: number
  /** The node said that it is ending: it gives no new work, and is expected back. Until the next session. */
  node_ending?: boolean
  /** Workers in use at most, and how many the slider may give (the cores less one, at least 1). */
  capacity: number
  max_capacity: number
  running: TabAttempt[]
  done: { succeeded: number; failed: number }
  /** The last finished attempts, newest first, at most 50. */
  recent: { task_id: string; tool: string; ok: boolean; ms: number; ended_at: number }[]
  /** Outcomes kept until they can be delivered. */
  undelivered: number
  retry_at?: number
  /** While the node cannot be reached; stays while the next try is under way. */
  unreached?: Unreached
  error?: { code: string; message: string; hint?: string }
}

export interface Tab {
  readonly state: TabState
  /** Calls `listener` after each change (coalesced to a frame); returns how to stop. */
  subscribe(listener: (state: TabState) => void): () => void
  setCapacity(workers: number): void
  pause(): void
  resume(): void
  /** While the node cannot be reached: tries again at once. */
  retry(): void
  /** Takes no more work, finishes what runs (at most 30 s), delivers it, and disconnects. */
  leave(): Promise<void>
}

export interface TabOptions {
  /** The invite's fragment `v1.<secret>.<node peer id>`; absent: the grant of an earlier visit is used. */
  invite?: string
  /** Where the node serves HTTP, `location.origin`. */
  origin: string
}
