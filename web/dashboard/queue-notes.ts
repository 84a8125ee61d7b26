import { css, html, LitElement, nothing } from 'lit'
import type { PauseView } from '../../src/shared/mcp/views.ts'
import { baseStyles } from '../design/base-styles.ts'
import { buttonStyles } from '../design/button-styles.ts'
import { Action } from '../feed/action.ts'
import type { MeshFeed } from '../feed/mesh-feed.ts'
import { doneSchema, type TaskList } from '../feed/view-schemas.ts'
import { formatCount } from '../format/number.ts'

/** Kinds of waiting tasks that are named before the rest is counted. */
const MAX_WAITING = 3

/** Why tasks wait: what is paused (and the way to resume it), and what is missing for tasks that nobody can run. */
export class QueueNotes extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      ul {
        display: grid;
        list-style: none;
        border-bottom: 1px solid var(--border);
        background: var(--warn-soft);
        font-size: var(--text-sm);
      }

      li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-1) var(--space-3);
        min-height: 40px;
        padding: 6px var(--space-4);
      }

      li + li {
        border-top: 1px solid var(--border);
      }

      button {
        margin-left: auto;
      }

      .problem {
        color: var(--bad);
      }
    `,
  ]
  static override properties = { tasks: { attribute: false }, feed: { attribute: false } }

  declare tasks: TaskList | undefined
  declare feed: MeshFeed | undefined

  #action = new Action(this, () => this.feed)

  override render() {
    const { pauses } = this.tasks ?? { pauses: [] }
    // What a pause holds is told by the pause.
    const waiting_for = (this.tasks?.waiting_for ?? []).filter(
      ({ missing }) => !missing.endsWith(' is paused'),
    )
    if (pauses.length + waiting_for.length === 0) return nothing
    const rest = waiting_for.slice(MAX_WAITING).reduce((sum, { tasks }) => sum + tasks, 0)
    return html`
      <ul aria-label="Why tasks wait">
        ${pauses.map(
          pause => html`<li>
            <span><strong>Paused</strong>: ${named(pause)}</span>
            <span class="muted">since ${new Date(pause.since).toLocaleString()}</span>
            <button class="small" type="button" ?disabled=${this.#action.busy} @click=${() => this.#resume(pause)}>Resume</button>
          </li>`,
        )}
        ${waiting_for.slice(0, MAX_WAITING).map(
          ({ tool, tasks, missing }) => html`<li>
            <span><strong>${formatCount(tasks)} waiting</strong>: ${tool}</span>
            <span class="muted">for ${missing}</span>
          </li>`,
        )}
        ${rest === 0 ? nothing : html`<li class="muted">and ${formatCount(rest)} more</li>`}
        ${this.#action.problem === undefined ? nothing : html`<li class="problem" role="alert">${this.#action.problem}</li>`}
      </ul>
    `
  }

  #resume({ tool, category }: PauseView): void {
    const filter = {
      ...(tool === undefined ? {} : { tool }),
      ...(category === undefined ? {} : { category }),
    }
    void this.#action.run(session => session.call('p2p_taskqueue_resume', filter, doneSchema))
  }
}

function named({ tool, category }: PauseView): string {
  if (tool !== undefined) return `tasks of ${tool}`
  return category === undefined ? 'all tasks' : `tasks of category ${category}`
}

customElements.define('tm-queue-notes', QueueNotes)
