import type { Json, JsonObject } from '../../tools/tool.ts'
import type { WorkflowDefinition } from '../../workflow/definition/definition.ts'
import type { Plan } from '../../workflow/definition/plan.ts'
import type {
  DryRun,
  ItemStatus,
  StepDetail,
  StepStatus,
  WorkflowOutcome,
  WorkflowOwner,
  WorkflowReceipt,
  WorkflowSubmission,
} from '../../workflow/status.ts'
import type {
  StoredDefinition,
  WorkflowEventPage,
  WorkflowFilter,
  WorkflowPage,
} from '../../workflow/store/store.ts'
import type { StepState, WorkflowHead, WorkflowState } from '../../workflow/workflow.ts'

/** What the tools and resources of workflows need of them. */
export interface WorkflowsPort {
  submit(principal: string, submission: WorkflowSubmission): Promise<WorkflowReceipt>
  submitOnce(principal: string, submission: WorkflowSubmission, key: string): Promise<WorkflowReceipt>
  check(submission: WorkflowSubmission): Promise<DryRun>
  head(id: string): Promise<WorkflowHead>
  plan(id: string): Promise<Plan>
  steps(
    id: string,
    page: { after?: number; limit: number; states?: readonly StepState[] },
  ): Promise<StepStatus[]>
  step(id: string, step: string, options?: { item?: number }): Promise<StepDetail>
  items(
    id: string,
    step: string,
    page: { after?: number; limit: number; states?: readonly ItemStatus['state'][] },
  ): Promise<ItemStatus[]>
  result(id: string, options: { wait_ms?: number; signal?: AbortSignal }): Promise<WorkflowOutcome>
  cancel(id: string, by: string, reason: string): Promise<void>
  signal(id: string, by: string, signal: string, payload: Json): Promise<void>
  reschedule(
    id: string,
    by: string,
    what: { steps?: string[]; from?: string; input?: Json },
  ): Promise<{ generation: number; steps: string[] }>
  owner(id: string): Promise<WorkflowOwner>
  handOver(id: string, by: string, to: string): Promise<void>
  list(filter: WorkflowFilter): Promise<WorkflowPage>
  counts(): Promise<Record<WorkflowState, number>>
  events(id: string, after: number, limit: number): Promise<WorkflowEventPage>
  onChange(listener: (head: WorkflowHead) => void): () => void
  define(
    principal: string,
    given: { name?: string; version?: string; definition: WorkflowDefinition | JsonObject },
  ): Promise<Omit<StoredDefinition, 'definition'>>
  definition(name: string, version?: string): Promise<StoredDefinition>
  definitions(filter: {
    name?: string
    after?: { name: string; version: string }
    limit: number
  }): Promise<Omit<StoredDefinition, 'definition'>[]>
}
