import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { baseStyles } from '../../design/base-styles.ts'
import { buttonStyles } from '../../design/button-styles.ts'
import { Action } from '../../feed/action.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { doneSchema } from '../../feed/view-schemas.ts'
import { rescheduledSchema, type WorkflowDetails } from '../../feed/workflow-schemas.ts'
import { formatCount } from '../../format/number.ts'
import '../../design/notice.ts'

/** What a person can do with a workflow of theirs: cancel it (asked once more), run again what failed. */
export class WorkflowActions extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
      }

      tm-notice {
        margin-top: var(--space-3);
      }

      dialog {
        width: min(420px, calc(100vw - 32px));
        padding: var(--space-5);
        border: 1px solid var(--border);
        border-radius: var(--radius);
        background: var(--surface);
        color: var(--text);
        box-shadow: var(--shadow-raised);
      }

      dialog::backdrop {
        background: rgb(10 14 20 / 45%);
      }

      h3 {
        font-size: var(--text-lg);
        font-weight: 650;
      }

      dialog p {
        margin: var(--space-2) 0 var(--space-4);
        color: var(--text-muted);
      }

      button.danger {
        border-color: var(--bad);
        color: var(--bad);
      }
    `,
  ]
  static override properties = { workflow: { attribute: false }, feed: { attribute: false } }

  declare workflow: WorkflowDetails
  declare feed: MeshFeed | undefined

  #action = new Action(this, () => this.feed)

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('workflow') && changed.get('workflow')?.workflow_id !== this.workflow.workflow_id)
      this.#action.clear()
  }

  override render() {
    const { workflow } = this
    const { busy, problem } = this.#action
    const failed = workflow.step_counts.failed
    const moved = workflow.owner.state === 'moved'
    return html`
      <div class="buttons">
        ${
          failed === 0 || moved
            ? nothing
            : html`<button type="button" ?disabled=${busy} @click=${this.#retry}>
                ${failed === 1 ? 'Retry the failed step' : `Retry ${formatCount(failed)} failed steps`}
              </button>`
        }
        ${
          workflow.ended_at === undefined
            ? html`<button type="button" ?disabled=${busy} @click=${this.#ask}>Cancel…</button>`
            : nothing
        }
      </div>
      ${problem === undefined ? nothing : html`<tm-notice tone="bad" role="alert" heading="That did not work.">${problem}</tm-notice>`}
      <dialog aria-labelledby="title">
        <h3 id="title">Cancel this workflow?</h3>
        <p>What runs is told to stop, no further step starts. Steps that have ended keep their results, and it can be run again from any of them.</p>
        <form method="dialog" class="buttons">
          <button class="danger" type="submit" @click=${this.#cancel}>Cancel the workflow</button>
          <button type="submit" autofocus>Keep it running</button>
        </form>
      </dialog>
    `
  }

  #ask = (): void => {
    this.renderRoot.querySelector('dialog')?.showModal()
  }

  #cancel = (): void => {
    const input = { workflow_id: this.workflow.workflow_id, reason: 'cancelled in the dashboard' }
    void this.#action.run(session => session.call('p2p_workflow_cancel', input, doneSchema))
  }

  #retry = (): void => {
    const input = { workflow_id: this.workflow.workflow_id }
    void this.#action.run(session => session.call('p2p_workflow_reschedule', input, rescheduledSchema))
  }
}

customElements.define('tm-workflow-actions', WorkflowActions)
