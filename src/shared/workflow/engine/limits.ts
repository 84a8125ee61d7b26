import { MAX_ITEMS, MAX_NESTED_WORKFLOWS } from '../definition/limits.ts'

/** What an engine allows, each with its reason. All can be set by whoever composes it. */
export interface WorkflowLimits {
  /** Workflows of one engine that have not ended and have no parent: each holds its plan and some 20 bytes for each step. */
  openWorkflows: number
  /** Steps of all of these together. */
  openSteps: number
  /** Steps of the sub-workflows of one depth that are open at once, each counted as 200 more; others wait. */
  childSteps: number
  /** Tasks and children whose input is made or that are submitted at once, over all workflows: what bounds memory. */
  starting: number
  /** Text of inputs and outputs that is kept to be read again, UTF-16 units. */
  valueChars: number
  /** Steps of plans that are kept to be used again, over all of them. */
  planSteps: number
  /** Steps of ended workflows that are kept folded, to be looked at again. */
  viewSteps: number
  /** How deep workflows may lie in one another. */
  depth: number
  /** Events in one append; more of one workflow wait for the next. */
  eventsPerAppend: number
  /** Items of a `for_each`. */
  items: number
  /** Steps with a `for_each` of one workflow that are under way at once, each with its list in memory; others wait. */
  lists: number
  /** Signals that wait for their step: each name is a line of them. */
  signalsWaiting: number
  /** Results waited for at once, each an open request. */
  resultWaiters: number
  /** Longest wait for a result, milliseconds: under the idle limits of proxies. */
  resultWaitMs: number
}

export const DEFAULT_WORKFLOW_LIMITS: WorkflowLimits = {
  openWorkflows: 10_000,
  openSteps: 5_000_000,
  childSteps: 1_000_000,
  starting: 1_024,
  valueChars: 32 * 1024 * 1024,
  planSteps: 250_000,
  viewSteps: 250_000,
  depth: MAX_NESTED_WORKFLOWS,
  eventsPerAppend: 2_000,
  items: MAX_ITEMS,
  lists: 100,
  signalsWaiting: 1_000,
  resultWaiters: 10_000,
  resultWaitMs: 50_000,
}
