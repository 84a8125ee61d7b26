import { css, html, LitElement, nothing } from 'lit'
import { baseStyles } from '../design/base-styles.ts'
import { buttonStyles } from '../design/button-styles.ts'
import { Action } from '../feed/action.ts'
import type { MeshFeed } from '../feed/mesh-feed.ts'
import { doneSchema, resubmittedSchema, type TaskDetails } from '../feed/view-schemas.ts'
import '../design/notice.ts'

/** What a person can do with one task: cancel it while it lives, submit it again once it has ended. */
export class TaskActions extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      :host {
        display: grid;
        gap: var(--space-3);
        justify-items: start;
      }
    `,
  ]
  static override properties = { task: { attribute: false }, feed: { attribute: false } }

  declare task: TaskDetails | undefined
  declare feed: MeshFeed | undefined

  #action = new Action(this, () => this.feed)

  override render() {
    const { task } = this
    if (task === undefined) return nothing
    const { busy, problem } = this.#action
    return html`
      ${
        task.ended_at !== undefined
          ? html`<button type="button" ?disabled=${busy} @click=${() => this.#again(task)}>Submit again</button>`
          : html`<button type="button" ?disabled=${busy} @click=${() => this.#cancel(task)}>Cancel this task</button>`
      }
      ${problem === undefined ? nothing : html`<tm-notice tone="bad" role="alert" heading="That did not work.">${problem}</tm-notice>`}
    `
  }

  #cancel({ task_id }: TaskDetails): void {
    const input = { task_id, reason: 'cancelled in the dashboard' }
    void this.#action.run(session => session.call('p2p_taskqueue_cancel', input, doneSchema))
  }

  /** The new task takes the place of the old one in the drawer. */
  async #again({ task_id }: TaskDetails): Promise<void> {
    const made = await this.#action.run(session =>
      session.call('p2p_taskqueue_resubmit', { task_id }, resubmittedSchema),
    )
    if (made !== undefined) this.dispatchEvent(new CustomEvent('tm-resubmitted', { detail: made.task_id }))
  }
}

customElements.define('tm-task-actions', TaskActions)
