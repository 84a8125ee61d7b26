import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { baseStyles } from '../../design/base-styles.ts'
import { LatestReader } from '../../feed/latest-reader.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { plainMessage } from '../../feed/plain-message.ts'
import { type ItemRow, type StepDetails, stepDetailsSchema } from '../../feed/workflow-schemas.ts'
import { hashOf } from '../route.ts'
import '../../design/json-view.ts'
import './task-run.ts'

/** One item of a for_each: its input, its output, and the attempts of its task. */
export class ItemDetails extends LitElement {
  static override styles = [
    baseStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-3);
      }

      .why {
        color: var(--bad);
        overflow-wrap: anywhere;
      }

      a {
        color: var(--accent);
      }
    `,
  ]
  static override properties = {
    workflowId: { attribute: false },
    stepId: { attribute: false },
    row: { attribute: false },
    feed: { attribute: false },
    details: { state: true },
    problem: { state: true },
  }

  declare workflowId: string
  declare stepId: string
  declare row: ItemRow
  declare feed: MeshFeed | undefined
  declare details: StepDetails | undefined
  declare problem: string | undefined

  #reader = new LatestReader(() => this.#read())
  /** The item's state at the last read: while it stays the same there is nothing new. */
  #seen: string | undefined

  override updated(changed: PropertyValues<this>): void {
    const state = `${this.workflowId} ${this.stepId} ${this.row.item} ${this.row.state}`
    if (!changed.has('row') || state === this.#seen) return
    this.#seen = state
    this.#reader.ask()
  }

  override render() {
    const { row, details, problem } = this
    return html`
      ${row.error === undefined ? nothing : html`<p class="why"><code>${row.error.code}</code> ${row.error.message}</p>`}
      ${problem === undefined ? nothing : html`<p class="muted" role="alert">${problem}</p>`}
      ${details?.input === undefined ? nothing : html`<tm-json heading="Input" .value=${details.input}></tm-json>`}
      ${details?.output === undefined ? nothing : html`<tm-json heading="Output" .value=${details.output}></tm-json>`}
      ${
        row.workflow_id === undefined
          ? nothing
          : html`<p>Workflow <a href=${hashOf({ page: 'workflow', id: row.workflow_id })}><code>${row.workflow_id}</code></a></p>`
      }
      ${row.task_id === undefined ? nothing : html`<tm-task-run .taskId=${row.task_id} .feed=${this.feed} .told=${row.error?.message}></tm-task-run>`}
    `
  }

  async #read(): Promise<void> {
    const { workflowId, stepId, row } = this
    const input = { workflow_id: workflowId, step: stepId, item: row.item }
    const current = () =>
      workflowId === this.workflowId && stepId === this.stepId && row.item === this.row.item
    try {
      const found = await this.feed?.session?.call('p2p_workflow_status', input, stepDetailsSchema)
      if (found === undefined || !current()) return
      this.details = found.steps[0]
      this.problem = undefined
    } catch (error) {
      if (current()) this.problem = plainMessage(error)
    }
  }
}

customElements.define('tm-item-details', ItemDetails)
