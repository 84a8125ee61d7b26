import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { baseStyles } from '../../design/base-styles.ts'
import { buttonStyles } from '../../design/button-styles.ts'
import { Ticker } from '../../design/ticker.ts'
import { LatestReader } from '../../feed/latest-reader.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { plainMessage } from '../../feed/plain-message.ts'
import {
  type StepDetails,
  type StepRow,
  stepDetailsSchema,
  type WorkflowDetails,
} from '../../feed/workflow-schemas.ts'
import { hashOf } from '../route.ts'
import { type Caller, mayChange } from './caller.ts'
import { canRetry } from './step-retry.ts'
import { stepTime, stepWork } from './step-text.ts'
import '../../design/json-view.ts'
import '../../design/notice.ts'
import '../../design/state.ts'
import './signal-form.ts'
import './step-items.ts'
import './task-run.ts'

/** One step: how it is and why, what it got and gave, its attempts or items, and what a person can do. Fires `tm-close`. */
export class StepPanel extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      .head {
        position: sticky;
        top: 0;
        z-index: 1;
        display: flex;
        align-items: flex-start;
        justify-content: space-between;
        gap: var(--space-3);
        padding: var(--space-3) var(--space-4);
        border-bottom: 1px solid var(--border);
        background: var(--surface);
      }

      h2 {
        font-size: var(--text-md);
        font-weight: 650;
        overflow-wrap: anywhere;
      }

      .content {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-4);
        padding: var(--space-4);
        font-size: var(--text-sm);
      }

      .facts {
        display: grid;
        grid-template-columns: max-content minmax(0, 1fr);
        gap: 6px var(--space-4);
        align-items: baseline;
      }

      dt {
        color: var(--text-muted);
      }

      dd {
        overflow-wrap: anywhere;
      }

      a {
        color: var(--accent);
      }
    `,
  ]
  static override properties = {
    workflow: { attribute: false },
    stepId: { attribute: false },
    caller: { attribute: false },
    feed: { attribute: false },
    details: { state: true },
    problem: { state: true },
  }

  declare workflow: WorkflowDetails
  declare stepId: string
  declare caller: Caller
  declare feed: MeshFeed | undefined
  declare details: StepDetails | undefined
  declare problem: string | undefined

  #reader = new LatestReader(() => this.#read())
  /** What was known of the step at the last read: while it is the same there is nothing new. */
  #seen: string | undefined

  constructor() {
    super()
    new Ticker(this)
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const other =
      changed.has('workflow') && changed.get('workflow')?.workflow_id !== this.workflow.workflow_id
    if (!other && !changed.has('stepId')) return
    this.details = undefined
    this.problem = undefined
  }

  override updated(changed: PropertyValues<this>): void {
    if (!changed.has('workflow') && !changed.has('stepId')) return
    const row = this.#row()
    // A step that is not among the first ones is read at each change of its workflow.
    const seen = `${this.workflow.workflow_id} ${row === undefined ? `${this.stepId} ${this.workflow.seq}` : JSON.stringify(row)}`
    if (seen === this.#seen) return
    this.#seen = seen
    this.#reader.ask()
  }

  override render() {
    const step = this.#row() ?? this.details
    return html`
      <div class="head">
        <h2 id="title">${step?.title ?? this.stepId}</h2>
        <button class="small" type="button" @click=${() => this.dispatchEvent(new Event('tm-close'))}>Close</button>
      </div>
      <div class="content">
        ${this.problem === undefined ? nothing : html`<tm-notice tone="bad" heading="Not readable.">${this.problem}</tm-notice>`}
        ${step === undefined ? nothing : this.#content(step)}
      </div>
    `
  }

  #content(step: StepRow) {
    const { workflow, details, feed } = this
    const allowed = mayChange(this.caller, workflow)
    return html`
      ${
        step.state === 'waiting' && step.signal !== undefined
          ? html`<tm-signal-form .workflowId=${workflow.workflow_id} .step=${step} ?allowed=${allowed} .feed=${feed}></tm-signal-form>`
          : nothing
      }
      ${failure(step)}
      <dl class="facts">${facts(step, workflow)}</dl>
      ${allowed && canRetry(step, workflow) ? html`<tm-step-retry .workflow=${workflow} .step=${step} .feed=${feed}></tm-step-retry>` : nothing}
      ${
        step.items === undefined
          ? nothing
          : html`<tm-step-items .workflowId=${workflow.workflow_id} .stepId=${step.id} .counts=${step.items} .feed=${feed}></tm-step-items>`
      }
      ${details?.input === undefined ? nothing : html`<tm-json heading="Input" .value=${details.input}></tm-json>`}
      ${details?.output === undefined ? nothing : html`<tm-json heading="Output" .value=${details.output}></tm-json>`}
      ${
        step.task_id === undefined
          ? nothing
          : html`<tm-task-run .taskId=${step.task_id} .feed=${feed} .told=${step.error?.message}></tm-task-run>`
      }
      ${
        step.compensation_task_id === undefined
          ? nothing
          : html`<tm-task-run heading="Compensated by" .taskId=${step.compensation_task_id} .feed=${feed}></tm-task-run>`
      }
    `
  }

  /** As the workflow's own view has it. */
  #row(): StepRow | undefined {
    return this.workflow.steps.find(({ id }) => id === this.stepId)
  }

  async #read(): Promise<void> {
    const { workflow, stepId } = this
    const input = { workflow_id: workflow.workflow_id, step: stepId, limit: 1 }
    const current = () => workflow.workflow_id === this.workflow.workflow_id && stepId === this.stepId
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

function failure(step: StepRow) {
  const { error, reason, continued } = step
  if (error !== undefined) {
    const goesOn = continued === true ? html`<p>It went on with another value.</p>` : nothing
    return html`<tm-notice tone=${continued === true ? 'warn' : 'bad'} heading=${error.code}>
      <p>${error.message}</p>
      ${error.allowed === undefined ? nothing : html`<p>Allowed: ${error.allowed}</p>`}
      ${goesOn}
    </tm-notice>`
  }
  return reason === undefined
    ? nothing
    : html`<tm-notice heading=${`It was ${step.state}.`}>${reason}</tm-notice>`
}

function facts(step: StepRow, workflow: WorkflowDetails) {
  const time = stepTime(step, Date.now())
  const link = (id: string) =>
    html`<a href=${hashOf({ page: 'workflow', id: workflow.workflow_id, step: id })}>${id}</a>`
  const commas = step.depends_on.map((id, index) => html`${index === 0 ? '' : ', '}${link(id)}`)
  return html`
    <dt>State</dt>
    <dd><tm-state state=${step.state}></tm-state>${step.cached === true ? html` <span class="muted">from the cache</span>` : nothing}</dd>
    ${step.title === undefined ? nothing : html`<dt>Step</dt><dd><code>${step.id}</code></dd>`}
    <dt>Does</dt>
    <dd>${stepWork(step)}</dd>
    ${step.depends_on.length === 0 ? nothing : html`<dt>After</dt><dd>${commas}</dd>`}
    ${step.started_at === undefined ? nothing : html`<dt>Started</dt><dd>${new Date(step.started_at).toLocaleString()}</dd>`}
    ${time === '' ? nothing : html`<dt>${step.ended_at === undefined ? 'So far' : 'Took'}</dt><dd>${time}</dd>`}
    ${step.generation === 1 ? nothing : html`<dt>Generation</dt><dd>${step.generation}</dd>`}
    ${
      step.workflow_id === undefined
        ? nothing
        : html`<dt>Workflow</dt><dd><a href=${hashOf({ page: 'workflow', id: step.workflow_id })}><code>${step.workflow_id}</code></a></dd>`
    }
  `
}

customElements.define('tm-step-panel', StepPanel)
