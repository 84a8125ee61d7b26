import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { baseStyles } from '../design/base-styles.ts'
import { buttonStyles } from '../design/button-styles.ts'
import { LatestReader } from '../feed/latest-reader.ts'
import type { MeshFeed } from '../feed/mesh-feed.ts'
import { plainMessage } from '../feed/plain-message.ts'
import { type ErrorView, type TaskDetails, type TaskList, taskDetailsSchema } from '../feed/view-schemas.ts'
import { formatDuration } from '../format/duration.ts'
import '../design/copy-button.ts'
import '../design/notice.ts'
import '../design/state.ts'
import './attempts.ts'
import './task-actions.ts'

/** A result is shown up to here, for reading; whole results are for programs. */
const PREVIEW_CHARS = 4000

/** One task in a drawer: its attempts, its error, the start of its result. Follows the task while it is open. */
export class TaskDetailsDrawer extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      dialog {
        width: min(560px, 100vw);
        max-width: none;
        height: 100dvh;
        max-height: none;
        margin: 0 0 0 auto;
        padding: 0;
        border: 0;
        border-left: 1px solid var(--border);
        background: var(--surface);
        color: var(--text);
        box-shadow: var(--shadow-raised);
      }

      dialog::backdrop {
        background: rgb(10 14 20 / 45%);
      }

      .head {
        position: sticky;
        top: 0;
        z-index: 1;
        display: flex;
        align-items: flex-start;
        justify-content: space-between;
        gap: var(--space-3);
        padding: var(--space-4) var(--space-5);
        border-bottom: 1px solid var(--border);
        background: var(--surface);
      }

      h2 {
        font-size: var(--text-lg);
        font-weight: 650;
        overflow-wrap: anywhere;
      }

      h3 {
        margin-bottom: var(--space-2);
        font-size: var(--text-sm);
        font-weight: 600;
      }

      .content {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-5);
        padding: var(--space-4) var(--space-5) var(--space-6);
        font-size: var(--text-sm);
      }

      .facts {
        display: grid;
        grid-template-columns: max-content minmax(0, 1fr);
        gap: 6px var(--space-4);
        align-items: center;
      }

      dt {
        color: var(--text-muted);
      }

      .id {
        display: flex;
        align-items: center;
        gap: var(--space-2);
      }

      .id code,
      .long {
        overflow-wrap: anywhere;
      }

      pre {
        max-height: 420px;
        margin: 0;
        padding: var(--space-3);
        overflow: auto;
        border: 1px solid var(--border);
        border-radius: var(--radius-sm);
        background: var(--surface-sunken);
        font: var(--text-xs) / 1.55 var(--font-mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ]
  static override properties = {
    taskId: { attribute: false },
    tasks: { attribute: false },
    feed: { attribute: false },
    details: { state: true },
    problem: { state: true },
  }

  declare taskId: string | undefined
  /** Handed in so that a change of the list makes this read its task again. */
  declare tasks: TaskList | undefined
  declare feed: MeshFeed | undefined
  declare details: TaskDetails | undefined
  declare problem: string | undefined

  #reader = new LatestReader(() => this.#read())

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('taskId')) {
      this.details = undefined
      this.problem = undefined
    }
  }

  override updated(changed: PropertyValues<this>): void {
    const dialog = this.renderRoot.querySelector('dialog')
    if (changed.has('taskId')) {
      if (this.taskId === undefined) dialog?.close()
      else if (dialog?.open === false) dialog.showModal()
    }
    if (this.taskId !== undefined && (changed.has('taskId') || changed.has('tasks')) && !this.#settled()) {
      this.#reader.ask()
    }
  }

  override render() {
    return html`
      <dialog aria-labelledby="title" @close=${this.#closed} @click=${this.#clicked}>
        ${this.taskId === undefined ? nothing : this.#content(this.taskId)}
      </dialog>
    `
  }

  #content(taskId: string) {
    const { details } = this
    return html`
      <div class="head">
        <h2 id="title">${details?.tool ?? 'Task'}</h2>
        <form method="dialog"><button class="small" autofocus>Close</button></form>
      </div>
      <div class="content">
        ${this.problem === undefined ? nothing : html`<tm-notice tone="bad" heading="Not readable.">${this.problem}</tm-notice>`}
        <dl class="facts">
          <dt>Task</dt>
          <dd class="id"><code>${taskId}</code><tm-copy .text=${taskId} label="Copy the task id"></tm-copy></dd>
          ${details === undefined ? nothing : facts(details)}
        </dl>
        ${
          details === undefined
            ? nothing
            : html`
                ${failure(details.error)}
                <tm-task-actions .task=${details} .feed=${this.feed} @tm-resubmitted=${this.#follow}></tm-task-actions>
                <tm-attempts .attempts=${details.attempts} .told=${details.error?.message}></tm-attempts>
                ${result(details)}
              `
        }
      </div>
    `
  }

  async #read(): Promise<void> {
    const { taskId } = this
    if (taskId === undefined) return
    try {
      const details = await this.feed?.session?.read(
        `mesh://tasks/${encodeURIComponent(taskId)}`,
        taskDetailsSchema,
      )
      if (taskId !== this.taskId || details === undefined) return
      this.details = details
      this.problem = undefined
    } catch (error) {
      if (taskId === this.taskId) this.problem = plainMessage(error)
    }
  }

  /** A task that has ended never changes. */
  #settled(): boolean {
    return this.details?.ended_at !== undefined
  }

  /** Submitted again: the new task is shown. */
  #follow(event: CustomEvent<string>): void {
    this.dispatchEvent(new CustomEvent('tm-open', { detail: event.detail }))
  }

  #closed(): void {
    this.dispatchEvent(new Event('close'))
  }

  /** The dialog fills the drawer, so a click on the dialog itself outside its box is one on the backdrop. */
  #clicked(event: MouseEvent): void {
    const dialog = this.renderRoot.querySelector('dialog')
    if (dialog !== null && event.target === dialog && event.clientX < dialog.getBoundingClientRect().left)
      dialog.close()
  }
}

function facts(task: TaskDetails) {
  const created = Date.parse(task.created_at)
  const labels = Object.entries(task.labels).map(([name, value]) => `${name}=${value}`)
  const took = task.ended_at === undefined ? undefined : Date.parse(task.ended_at) - created
  return html`
    <dt>State</dt>
    <dd><tm-state state=${task.state}></tm-state></dd>
    <dt>Priority</dt>
    <dd>${task.priority}</dd>
    <dt>Submitted</dt>
    <dd>${new Date(created).toLocaleString()}</dd>
    ${task.run_at === undefined ? nothing : html`<dt>Not before</dt><dd>${new Date(task.run_at).toLocaleString()}</dd>`}
    ${task.waiting_for === undefined ? nothing : html`<dt>Why it waits</dt><dd>${task.waiting_for}</dd>`}
    ${task.requires.length === 0 ? nothing : html`<dt>Requires</dt><dd class="long">${task.requires.join(', ')}</dd>`}
    ${labels.length === 0 ? nothing : html`<dt>Labels</dt><dd class="long">${labels.join(', ')}</dd>`}
    ${task.resubmitted_from === undefined ? nothing : html`<dt>Again</dt><dd class="id"><code>${task.resubmitted_from}</code></dd>`}
    ${took === undefined ? nothing : html`<dt>Took</dt><dd>${formatDuration(took)}</dd>`}
  `
}

function failure(error: ErrorView | undefined) {
  if (error === undefined) return nothing
  return html`<tm-notice tone="bad" heading=${error.code}>
    <p>${error.message}</p>
    ${error.allowed === undefined ? nothing : html`<p>Allowed: ${error.allowed}</p>`}
  </tm-notice>`
}

function result(task: TaskDetails) {
  if (task.result === undefined) return nothing
  const text = JSON.stringify(task.result, null, 2)
  return html`
    <section>
      <h3>Result</h3>
      <pre tabindex="0">${text.slice(0, PREVIEW_CHARS)}${text.length > PREVIEW_CHARS ? '\n…' : ''}</pre>
      ${
        text.length > PREVIEW_CHARS
          ? html`<p class="muted">The first ${PREVIEW_CHARS} of ${text.length} characters;
              <code>p2p_taskqueue_get_result</code> gives all.</p>`
          : nothing
      }
    </section>
  `
}

customElements.define('tm-task-details', TaskDetailsDrawer)
