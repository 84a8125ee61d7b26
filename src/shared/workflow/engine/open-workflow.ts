import type { Alarm } from '../../queue/alarm-clock.ts'
import type { Plan } from '../definition/plan.ts'
import type { KeptBody } from '../store/store.ts'
import type { Body, WorkflowEvent, WorkflowHead, WorkflowState } from '../workflow.ts'
import { Fifo } from './fifo.ts'
import type { Progress } from './progress.ts'
import type { Earlier, StepRun, Work } from './work.ts'

/** What is recorded of a workflow and not yet appended. */
export interface Unwritten {
  events: WorkflowEvent[]
  bodies: KeptBody[]
  /** Bodies that stay in the blobs only as long as they are pinned; released when the append is over. */
  pinned: Body[]
  requestsDone: number[]
}

/** Why all that has not ended is to be ended. */
type Stop = { kind: 'cancel'; reason: string; request: number } | { kind: 'timed_out'; reason: string }

/** A workflow that an engine works on: what it needs to go on, and no body. */
export class OpenWorkflow {
  readonly plan: Plan
  readonly progress: Progress
  /** With all that is recorded, appended or not. */
  head: WorkflowHead
  /** Steps under way. */
  readonly runs = new Map<number, StepRun>()
  /** What is to be started, first come, first served. */
  readonly line = new Fifo<Work>()
  /** By their keys: what earlier runs left in the stores, until it is under way here again. */
  earlier: Map<string, Earlier> = new Map()
  /** Steps for each item of a list that are under way, and those that wait until one of these has ended. */
  lists = 0
  readonly listsWaiting = new Fifo<StepRun>()
  /** Some of them are being begun. */
  beginningLists = false
  /** Works that have begun and not ended, those in the line too. */
  works = 0
  unwritten: Unwritten = nothingWritten()
  /** `seq` of the latest event that is durable. */
  appended: number
  /** Nothing is submitted before this `seq` is durable: what it tells could not be found out again. */
  barrier = 0
  stop: Stop | undefined
  /** Further requests to cancel it, carried out by the same stop. */
  stopRequests: number[] = []
  /** Starts nothing further: it is about to be handed over. */
  resting = false
  /** Another has it, or it has ended: what comes for it is of no interest. */
  closed = false
  timeLimit: Alarm | undefined
  /** Id of the latest request that was looked at. */
  lastRequest = 0
  /** Its steps are being decided on. */
  deciding = false
  /** Its requests are being read; true again: there is another to read. */
  reading = false
  readAgain = false
  readEnd: Promise<void> | undefined
  /** Its own output is being made. */
  finishing = false

  /** Tells this run of it apart from earlier ones in the same engine. */
  readonly serial: number

  constructor(head: WorkflowHead, plan: Plan, progress: Progress, serial: number) {
    this.serial = serial
    this.head = head
    this.plan = plan
    this.progress = progress
    this.appended = progress.seq
  }

  get id(): string {
    return this.head.workflow_id
  }

  /** Nothing of it may be started now. */
  get isHeld(): boolean {
    return this.closed || this.resting || this.stop !== undefined || this.progress.handover !== undefined
  }

  /** The head as the events that are recorded leave it. */
  headNow(at: number): WorkflowHead {
    const { progress } = this
    const { ended_at: _ended, error: _error, handover: _handover, moved_to: _moved, ...rest } = this.head
    const head: WorkflowHead = {
      ...rest,
      state: this.#state(),
      seq: progress.seq,
      generation: progress.generation,
      changed_at: at,
      steps: { ...progress.counts },
      failed_steps: progress.borneFailures,
    }
    if (progress.ended !== undefined) head.ended_at = progress.ended.at
    if (progress.ended?.error !== undefined) head.error = progress.ended.error
    if (progress.handover !== undefined) head.handover = progress.handover
    if (progress.movedTo !== undefined) {
      head.moved_to = progress.movedTo.to
      head.ended_at ??= progress.movedTo.at
    }
    return head
  }

  #state(): WorkflowState {
    const { ended, counts } = this.progress
    if (ended !== undefined) return ended.state
    const isBusy = counts.running > 0 || this.works > 0
    return counts.waiting > 0 && !isBusy ? 'waiting' : 'running'
  }
}

export function nothingWritten(): Unwritten {
  return { events: [], bodies: [], pinned: [], requestsDone: [] }
}
