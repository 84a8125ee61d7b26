import type { PendingRequest } from '../store/store.ts'
import type { WorkflowEvent, WorkflowHead } from '../workflow.ts'

/** An event before its owner gives it a place. */
export type NewEvent = WorkflowEvent extends infer E
  ? E extends WorkflowEvent
    ? Omit<E, 'seq' | 'at'>
    : never
  : never

/** An engine as its ownership drives it. */
export interface OwnedEngine {
  /** Whether it works on this workflow, from before it asks the store to create one. */
  has(workflowId: string): boolean
  /** All that it works on. */
  open(): Iterable<string>
  /**
   * These belong to it now: it folds their events and goes on. One that it has with the same fence is only looked at
   * anew, for requests that it may not have heard of.
   */
  adopt(heads: readonly WorkflowHead[]): void
  /** They belong to another: it forgets them at once. */
  drop(workflowIds: readonly string[]): void
  /** Starts no step any more, for good; what runs goes on, and its end is written down. */
  startNothing(): void
}

/** What an engine asks of its ownership. */
export interface EngineHooks {
  /** False while its lease has ended by its own clock: it submits and appends nothing until `adopt` says otherwise. */
  mayAct(): boolean
  /** The store refused it with `stale_fence`, and it dropped the workflow. */
  refused(workflowId: string): void
  /** It adopted a workflow that is on its way to another node: nothing is done on it until this is settled. */
  leaving(head: WorkflowHead): void
  /** Somebody asked for a hand over; the events that carry it out, or refuse it, name the request as done. */
  handOver(head: WorkflowHead, request: PendingRequest): void
}

/** An engine as a handover needs it. */
export interface HandoverEngine {
  /**
   * Starts no further step of a workflow. Resolves with none when no task, child or compensation of it runs any more,
   * else after `timeoutMs` with the ids of the steps that do; waits for a time or a signal do not count.
   */
  rest(workflowId: string, timeoutMs: number): Promise<string[]>
  /** Goes on after `rest`. */
  awaken(workflowId: string): void
  /** Appends events with its fence; the head when they are durable. Rejects with `stale_fence`, `unavailable`. */
  record(
    workflowId: string,
    events: readonly NewEvent[],
    requestsDone: readonly number[],
  ): Promise<WorkflowHead>
}
