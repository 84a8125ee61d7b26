import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { baseStyles } from '../../design/base-styles.ts'
import { panelStyles } from '../../design/panel-styles.ts'
import { LatestReader } from '../../feed/latest-reader.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { plainMessage } from '../../feed/plain-message.ts'
import { resultSchema, type WorkflowDetails } from '../../feed/workflow-schemas.ts'
import '../../design/json-view.ts'

/** The output of a workflow that succeeded; not there before. */
export class WorkflowResult extends LitElement {
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      .body {
        padding-block: var(--space-2) var(--space-4);
      }
    `,
  ]
  static override properties = {
    workflow: { attribute: false },
    feed: { attribute: false },
    result: { state: true },
    problem: { state: true },
  }

  declare workflow: WorkflowDetails
  declare feed: MeshFeed | undefined
  declare result: unknown
  declare problem: string | undefined

  #reader = new LatestReader(() => this.#read())
  /** The run whose result was read. */
  #seen: string | undefined

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('workflow')) return
    const seen = runOf(this.workflow)
    if (seen === this.#seen) return
    this.#seen = seen
    this.result = undefined
    this.problem = undefined
    if (seen !== undefined) this.#reader.ask()
  }

  override updated(): void {
    this.hidden = this.result === undefined && this.problem === undefined
  }

  override render() {
    const { result, problem } = this
    if (result === undefined && problem === undefined) return nothing
    return html`<section class="panel" aria-label="Result">
      <div class="body">
        ${problem === undefined ? html`<tm-json heading="Result" .value=${result}></tm-json>` : html`<p role="alert">${problem}</p>`}
      </div>
    </section>`
  }

  async #read(): Promise<void> {
    const { workflow } = this
    const run = runOf(workflow)
    if (run === undefined) return
    const input = { workflow_id: workflow.workflow_id }
    try {
      const found = await this.feed?.session?.call('p2p_workflow_result', input, resultSchema)
      if (found !== undefined && run === this.#seen) this.result = found.result
    } catch (error) {
      if (run === this.#seen) this.problem = plainMessage(error)
    }
  }
}

/** Names one successful end of a workflow; undefined for all else. */
function runOf({ workflow_id, generation, state, ended_at }: WorkflowDetails): string | undefined {
  return state === 'succeeded' ? `${workflow_id} ${generation} ${ended_at}` : undefined
}

customElements.define('tm-workflow-result', WorkflowResult)
