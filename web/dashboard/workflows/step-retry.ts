import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { baseStyles } from '../../design/base-styles.ts'
import { buttonStyles } from '../../design/button-styles.ts'
import { Action } from '../../feed/action.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { rescheduledSchema, type StepRow, type WorkflowDetails } from '../../feed/workflow-schemas.ts'
import '../../design/notice.ts'

/** Runs a step that has ended again, and all that follows on it. */
export class StepRetry extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      :host {
        display: grid;
        gap: var(--space-2);
        justify-items: start;
      }

    `,
  ]
  static override properties = {
    workflow: { attribute: false },
    step: { attribute: false },
    feed: { attribute: false },
  }

  declare workflow: WorkflowDetails
  declare step: StepRow
  declare feed: MeshFeed | undefined

  #action = new Action(this, () => this.feed)

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('step') && changed.get('step')?.id !== this.step.id) this.#action.clear()
  }

  override render() {
    const { busy, problem } = this.#action
    return html`
      <button type="button" ?disabled=${busy} @click=${this.#retry} title="With a new generation: what follows on it runs again too">
        Retry from this step
      </button>
      ${problem === undefined ? nothing : html`<tm-notice tone="bad" role="alert" heading="That did not work.">${problem}</tm-notice>`}
    `
  }

  #retry = (): void => {
    const input = { workflow_id: this.workflow.workflow_id, from: this.step.id }
    void this.#action.run(session => session.call('p2p_workflow_reschedule', input, rescheduledSchema))
  }
}

/** Whether it makes sense: a step that has not ended yet, or waits for what is before it, is not run again. */
export function canRetry(step: StepRow, { owner }: WorkflowDetails): boolean {
  return RETRIED.has(step.state) && owner.state !== 'moved'
}

const RETRIED: ReadonlySet<StepRow['state']> = new Set(['succeeded', 'failed', 'skipped', 'cancelled'])

customElements.define('tm-step-retry', StepRetry)
