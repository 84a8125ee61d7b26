import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { baseStyles } from '../../design/base-styles.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { plainMessage } from '../../feed/plain-message.ts'
import { type TaskDetails, taskDetailsSchema } from '../../feed/view-schemas.ts'
import '../../design/copy-button.ts'
import '../../design/notice.ts'
import '../../design/state.ts'
import '../attempts.ts'

/** The task of a step, live: its state, why it waits, its attempts with their logs. */
export class TaskRun extends LitElement {
  static override styles = [
    baseStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-3);
      }

      .task {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-1) var(--space-3);
      }

      code {
        overflow-wrap: anywhere;
      }
    `,
  ]
  static override properties = {
    taskId: { attribute: false },
    feed: { attribute: false },
    heading: { type: String },
    told: { attribute: false },
    task: { state: true },
    problem: { state: true },
  }

  declare taskId: string | undefined
  declare feed: MeshFeed | undefined
  declare heading: string
  /** The error that stands above already. */
  declare told: string | undefined
  declare task: TaskDetails | undefined
  declare problem: string | undefined

  #stop: () => void = () => {}

  constructor() {
    super()
    this.heading = 'Task'
  }

  override connectedCallback(): void {
    super.connectedCallback()
    if (this.hasUpdated) this.#watch()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#stop()
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('taskId') || changed.has('feed')) this.#watch()
  }

  #watch(): void {
    this.#stop()
    this.#stop = () => {}
    this.task = undefined
    this.problem = undefined
    const { taskId, feed } = this
    if (taskId === undefined || feed === undefined) return
    const uri = `mesh://tasks/${encodeURIComponent(taskId)}`
    this.#stop = feed.watch({
      uri,
      read: session => session.read(uri, taskDetailsSchema),
      show: task => {
        this.task = task
        this.problem = undefined
      },
      failed: error => {
        this.problem = plainMessage(error)
      },
    })
  }

  override render() {
    const { taskId, task, problem } = this
    if (taskId === undefined) return nothing
    return html`
      <div class="task">
        <span class="muted">${this.heading}</span>
        <code>${taskId}</code>
        <tm-copy .text=${taskId} label="Copy the task id"></tm-copy>
        ${task === undefined ? nothing : html`<tm-state state=${task.state}></tm-state>`}
      </div>
      ${task?.waiting_for === undefined ? nothing : html`<p>Waits for ${task.waiting_for}.</p>`}
      ${
        task === undefined
          ? problem === undefined
            ? nothing
            : html`<p class="muted">Its attempts are not kept any more, or cannot be read: ${problem}</p>`
          : html`<tm-attempts .attempts=${task.attempts} .told=${this.told}></tm-attempts>`
      }
    `
  }
}

customElements.define('tm-task-run', TaskRun)
