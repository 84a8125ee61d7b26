import type { ReactiveController, ReactiveControllerHost } from 'lit'
import { LatestReader } from '../../feed/latest-reader.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { plainMessage } from '../../feed/plain-message.ts'
import {
  STEP_STATES,
  type StepPage,
  type StepRow,
  stepPageSchema,
  type WorkflowDetails,
} from '../../feed/workflow-schemas.ts'

/** Steps on a page. */
export const STEPS_PAGE = 100

export type StepFilter = 'all' | StepRow['state']

/**
 * The steps of a workflow, a page at a time: out of its own view while that holds them all, else asked of the node
 * again whenever the workflow has changed.
 */
export class StepPages implements ReactiveController {
  readonly #host: ReactiveControllerHost
  readonly #feed: () => MeshFeed | undefined
  #workflow: WorkflowDetails | undefined
  /** Index of the step behind which each page begins, up to the one that is shown. */
  #afters: readonly number[] = [-1]
  #asked: StepPage | undefined
  #reader = new LatestReader(() => this.#read())
  filter: StepFilter = 'all'
  problem: string | undefined

  constructor(host: ReactiveControllerHost, feed: () => MeshFeed | undefined) {
    this.#host = host
    this.#feed = feed
    host.addController(this)
  }

  hostConnected(): void {}

  /** To be called with each new view of the workflow. */
  follow(workflow: WorkflowDetails): void {
    if (workflow.workflow_id !== this.#workflow?.workflow_id) this.#begin('all')
    this.#workflow = workflow
    if (workflow.next_after !== undefined) this.#reader.ask()
  }

  choose(filter: StepFilter): void {
    this.#begin(filter)
    this.#changed()
  }

  back(): void {
    this.#afters = this.#afters.slice(0, -1)
    this.#changed()
  }

  on(): void {
    const { next_after } = this.page
    if (next_after === undefined) return
    this.#afters = [...this.#afters, next_after]
    this.#changed()
  }

  get isFirst(): boolean {
    return this.#afters.length === 1
  }

  /** How many there are in a state. */
  count(filter: StepFilter): number {
    const counts = this.#workflow?.step_counts
    if (counts === undefined) return 0
    return filter === 'all' ? STEP_STATES.reduce((sum, state) => sum + counts[state], 0) : counts[filter]
  }

  get page(): StepPage {
    const workflow = this.#workflow
    if (workflow === undefined) return { steps: [] }
    if (workflow.next_after !== undefined) return this.#asked ?? { steps: [] }
    const after = this.#afters.at(-1) ?? -1
    const wanted = workflow.steps.filter(
      ({ index, state }) => index > after && (this.filter === 'all' || this.filter === state),
    )
    const steps = wanted.slice(0, STEPS_PAGE)
    const last = steps.at(-1)
    return {
      steps,
      ...(wanted.length > steps.length && last !== undefined ? { next_after: last.index } : {}),
    }
  }

  #begin(filter: StepFilter): void {
    this.filter = filter
    this.#afters = [-1]
    this.#asked = undefined
    this.problem = undefined
  }

  #changed(): void {
    if (this.#workflow?.next_after !== undefined) this.#reader.ask()
    this.#host.requestUpdate()
  }

  async #read(): Promise<void> {
    const workflow = this.#workflow
    if (workflow === undefined) return
    const { filter } = this
    const afters = this.#afters
    const after = afters.at(-1) ?? -1
    const current = () =>
      workflow.workflow_id === this.#workflow?.workflow_id &&
      filter === this.filter &&
      afters === this.#afters
    const input = {
      workflow_id: workflow.workflow_id,
      limit: STEPS_PAGE,
      ...(after < 0 ? {} : { after }),
      ...(filter === 'all' ? {} : { state: [filter] }),
    }
    try {
      const page = await this.#feed()?.session?.call('p2p_workflow_status', input, stepPageSchema)
      if (page === undefined || !current()) return
      this.#asked = page
      this.problem = undefined
    } catch (error) {
      if (!current()) return
      this.problem = plainMessage(error)
    }
    this.#host.requestUpdate()
  }
}
