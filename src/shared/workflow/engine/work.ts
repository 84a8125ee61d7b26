import type { ErrorFacts } from '../../errors.ts'
import type { Alarm } from '../../queue/alarm-clock.ts'
import type { Json } from '../../tools/tool.ts'
import type { PlanStep } from '../definition/plan.ts'
import type { Body } from '../workflow.ts'
import type { ChildRoom } from './child-rooms.ts'
import type { OpenWorkflow } from './open-workflow.ts'

/** A step that has begun and not ended. */
export interface StepRun {
  readonly workflow: OpenWorkflow
  readonly step: PlanStep
  readonly generation: number
  /** Epoch milliseconds: its time limit counts from here. */
  readonly startedAt: number
  /** What runs for it: items by their number, or the one task or child, or the task that compensates it. */
  readonly works: Map<number, Work>
  /** Of a `for_each` that has items to start: the list, and the first that was not looked at. */
  items?: { list: readonly Json[]; next: number }
  /** It is one of the steps for each item of a list that may be under way at once. */
  hasList?: true
  /** It is failing: what runs for it is cancelled, and then it has failed by this. */
  failing?: ErrorFacts
  /** It is failing as its time is over. */
  byTime?: true
  /** What `on_error` says is being done. */
  failed?: true
  timeLimit?: Alarm
  /** When what it waits for comes. */
  wake?: Alarm
  /** What comes for it is of no interest any more. */
  over: boolean
}

/** Numbers in `StepRun.works` that are no items. */
export const WHOLE_STEP = -1
export const COMPENSATION = -2

/** One task or child workflow: of a step, of an item of a step, or one that compensates a step. */
export interface Work {
  readonly run: StepRun
  /** Of the item, or one of those above. */
  readonly number: number
  /** `line`: it waits to be started; `starting`: its input is made; `submitting`; `running`: it has its id. */
  phase: 'line' | 'starting' | 'submitting' | 'running'
  taskId?: string
  childId?: string
  /** It was asked to end. */
  cancelling?: string
  /** Of a compensation: what failed the step. */
  error?: ErrorFacts
  /** Key of its result among those of pure tools. */
  cacheKey?: string
  /** Of a child. */
  room?: ChildRoom
  over: boolean
}

export type WorkEnd = { task_id?: string; workflow_id?: string; cached?: true } & (
  | { state: 'succeeded'; output: Body | undefined }
  | { state: 'failed' | 'cancelled'; error: ErrorFacts }
)

/**
 * The key by which a task or child is found again however often it is submitted; no client can use one. Within a
 * generation a step's tasks are so made once.
 */
export function keyOf({ run, number }: Work): string {
  const last = number === WHOLE_STEP ? '-' : number === COMPENSATION ? '!' : String(number)
  return `${keysOf(run.workflow.id)}${run.generation}/${run.step.id}/${last}`
}

/** How the keys of all tasks and children of a workflow begin. */
export function keysOf(workflowId: string): string {
  return `workflow:${workflowId}/`
}

/** What the key of a task or child of the workflow says. */
export function placeOf(
  workflowId: string,
  key: string,
): { generation: number; step: string; number: number } {
  const [generation, step = '', last = ''] = key.slice(keysOf(workflowId).length).split('/')
  const number = last === '-' ? WHOLE_STEP : last === '!' ? COMPENSATION : Number(last)
  return { generation: Number(generation), step, number }
}

/** A task or child of an earlier run that had not ended when the workflow was taken over. */
export type Earlier = { taskId: string } | { childId: string }

export function itemOf(work: Work): { item?: number } {
  return work.number < 0 ? {} : { item: work.number }
}
