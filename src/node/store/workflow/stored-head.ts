import { z } from 'zod'
import {
  STEP_STATES,
  type StepState,
  WORKFLOW_STATES,
  type WorkflowHead,
  type WorkflowState,
} from '../../../shared/workflow/workflow.ts'

/** As it stands in the column `state`. */
export const STATE_CODES: Record<WorkflowState, number> = {
  running: 0,
  waiting: 1,
  succeeded: 2,
  failed: 3,
  cancelled: 4,
}

/** As it stands in the column `shelf`. */
export function shelfOf(state: WorkflowState): number {
  return STATE_CODES[state === 'waiting' ? 'running' : state]
}

/** What of a head changes, as its owner writes it. */
export const StoredProgress = z.object({
  state: z.int(),
  seq: z.int(),
  ended_at: z.int().nullable(),
  moved_to: z.string().nullable(),
  /** The rest of it, JSON. */
  progress: z.string(),
})
export type StoredProgress = z.infer<typeof StoredProgress>

/** A head as the file has it and as it goes between the threads. */
export const StoredHead = StoredProgress.extend({
  workflow_id: z.string(),
  name: z.string(),
  principal: z.string(),
  /** Empty: nobody. */
  owner: z.string(),
  fence: z.int(),
  /** What never changes of it and has no column, JSON. */
  origin: z.string(),
})
export type StoredHead = z.infer<typeof StoredHead>

/** What is looked for by `parent` and `idempotency_key` are columns beside it, which are written once. */
type Origin = Pick<
  WorkflowHead,
  | 'version'
  | 'definition_cid'
  | 'created_at'
  | 'parent'
  | 'root_id'
  | 'depth'
  | 'idempotency_key'
  | 'request_cid'
  | 'labels'
  | 'metadata'
  | 'moved_from'
>

interface Progress
  extends Pick<WorkflowHead, 'generation' | 'changed_at' | 'failed_steps' | 'error' | 'handover'> {
  /** By the order of STEP_STATES. */
  steps: number[]
}

export function progressOf(head: WorkflowHead): StoredProgress {
  const { generation, changed_at, failed_steps, error, handover, steps } = head
  const progress: Progress = {
    generation,
    changed_at,
    failed_steps,
    ...(error === undefined ? {} : { error }),
    ...(handover === undefined ? {} : { handover }),
    steps: STEP_STATES.map(state => steps[state]),
  }
  return {
    state: STATE_CODES[head.state],
    seq: head.seq,
    ended_at: head.ended_at ?? null,
    moved_to: head.moved_to ?? null,
    progress: JSON.stringify(progress),
  }
}

export function storedHead(head: WorkflowHead): StoredHead {
  const { version, definition_cid, created_at, parent, root_id, depth } = head
  const { idempotency_key, request_cid, labels, metadata, moved_from } = head
  const origin: Origin = {
    ...(version === undefined ? {} : { version }),
    definition_cid,
    created_at,
    ...(parent === undefined ? {} : { parent }),
    root_id,
    depth,
    ...(idempotency_key === undefined ? {} : { idempotency_key }),
    ...(request_cid === undefined ? {} : { request_cid }),
    labels,
    metadata,
    ...(moved_from === undefined ? {} : { moved_from }),
  }
  return {
    ...progressOf(head),
    workflow_id: head.workflow_id,
    name: head.name,
    principal: head.principal,
    owner: head.owner ?? '',
    fence: head.fence,
    origin: JSON.stringify(origin),
  }
}

export function headFrom(stored: StoredHead): WorkflowHead {
  const { owner, ended_at, moved_to } = stored
  const { steps, ...progress }: Progress = JSON.parse(stored.progress)
  const origin: Origin = JSON.parse(stored.origin)
  return {
    workflow_id: stored.workflow_id,
    name: stored.name,
    principal: stored.principal,
    state: WORKFLOW_STATES[stored.state] ?? 'running',
    fence: stored.fence,
    seq: stored.seq,
    ...origin,
    ...progress,
    steps: Object.fromEntries(STEP_STATES.map((state, at) => [state, steps[at] ?? 0])) as Record<
      StepState,
      number
    >,
    ...(owner === '' ? {} : { owner }),
    ...(ended_at === null ? {} : { ended_at }),
    ...(moved_to === null ? {} : { moved_to }),
  }
}
