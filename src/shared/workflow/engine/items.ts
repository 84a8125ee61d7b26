import { type ErrorFacts, ToolmeshError } from '../../errors.ts'
import type { Json } from '../../tools/tool.ts'
import type { ForEachPlan } from '../definition/plan.ts'
import type { BodyKey } from '../workflow.ts'
import type { Journal } from './journal.ts'
import type { Values } from './values.ts'
import type { StepRun, Work, WorkEnd } from './work.ts'
import type { WorkRunner } from './work-runner.ts'

export interface ItemsInit {
  journal: Journal
  values: Values
  works: () => WorkRunner
}

/** The items of `for_each` steps: as many under way as its concurrency says, in their order. */
export class Items {
  readonly #init: ItemsInit

  constructor(init: ItemsInit) {
    this.#init = init
  }

  /** The list that its items are of, as it was written down when it started. */
  async listOf(run: StepRun): Promise<readonly Json[]> {
    const key: BodyKey = { of: 'items', step: run.step.id, generation: run.generation }
    const list = await this.#init.values.read(run.workflow, key)
    if (!Array.isArray(list))
      throw new ToolmeshError('internal', `the list of step ${run.step.id} is not in the store`)
    return list
  }

  /** Begins items until as many are under way as may be. */
  startMore(run: StepRun): void {
    const { items, workflow, step } = run
    const progress = workflow.progress.items.get(step.index)
    if (
      items === undefined ||
      progress === undefined ||
      run.failing !== undefined ||
      workflow.stop !== undefined
    )
      return
    const { concurrency } = forEachOf(run)
    while (run.works.size < concurrency) {
      const number = progress.nextPending(items.next)
      if (number >= progress.total) {
        // Those that run have their inputs; the rest of the list is not needed any more.
        if (run.works.size === 0) delete run.items
        return
      }
      items.next = number + 1
      if (run.works.has(number)) continue
      this.#init.works().begin({ run, number, phase: 'line', over: false })
    }
  }

  ended(run: StepRun, work: Work, end: WorkEnd): void {
    const { workflow, step, generation } = run
    const { task_id, workflow_id, cached } = end
    const event = {
      kind: 'item_ended',
      step: step.id,
      generation,
      item: work.number,
      // One that was cancelled by somebody else has failed.
      state: end.state === 'cancelled' && work.cancelling === undefined ? 'failed' : end.state,
      ...(task_id === undefined ? {} : { task_id }),
      ...(workflow_id === undefined ? {} : { workflow_id }),
      ...(cached === undefined ? {} : { cached }),
      ...(end.state === 'succeeded' ? {} : { error: end.error }),
    } as const
    const key: BodyKey = { of: 'output', step: step.id, generation, item: work.number }
    const bodies = end.state === 'succeeded' && end.output !== undefined ? [{ key, body: end.output }] : []
    this.#init.journal.recordLazily(workflow, event, { bodies })
  }

  /** Why the step fails: one item more than may failed. */
  failure(run: StepRun): ErrorFacts | undefined {
    const progress = run.workflow.progress.items.get(run.step.index)
    const { max_failed } = forEachOf(run)
    const failed = progress?.count('failed') ?? 0
    if (progress === undefined || failed <= max_failed) return undefined
    const borne = max_failed === 0 ? '' : `, of which ${max_failed} are borne`
    return {
      code: 'tool_failed',
      message: `${failed} of ${progress.total} items failed${borne}`,
      retryable: false,
    }
  }

  areDone(run: StepRun): boolean {
    const progress = run.workflow.progress.items.get(run.step.index)
    return progress !== undefined && progress.count('pending') === 0 && run.works.size === 0
  }
}

function forEachOf({ step }: StepRun): ForEachPlan {
  const { work } = step
  if ((work.kind === 'task' || work.kind === 'workflow') && work.forEach !== undefined) return work.forEach
  throw new Error(`${step.id} is for no list`)
}
