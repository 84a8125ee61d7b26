import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { TaskState } from '../../src/shared/queue/task.ts'
import { baseStyles } from '../design/base-styles.ts'
import { buttonStyles } from '../design/button-styles.ts'
import { filterStyles } from '../design/filter-styles.ts'
import { panelStyles } from '../design/panel-styles.ts'
import { tableStyles } from '../design/table-styles.ts'
import { Ticker } from '../design/ticker.ts'
import { Action } from '../feed/action.ts'
import { LatestReader } from '../feed/latest-reader.ts'
import type { MeshFeed } from '../feed/mesh-feed.ts'
import {
  allResubmittedSchema,
  doneSchema,
  type TaskList,
  type TaskRow,
  taskPageSchema,
} from '../feed/view-schemas.ts'
import { formatDuration, formatElapsed } from '../format/duration.ts'
import { formatCount } from '../format/number.ts'
import { shortPeerId, shortTaskId } from '../format/peer-id.ts'
import { filterChoices, type TaskFilter } from './task-filter.ts'
import '../design/progress.ts'
import '../design/state.ts'
import './get-started.ts'
import './queue-notes.ts'
import './task-details.ts'

/** As many as `mesh://tasks` holds. */
const MAX_ROWS = 200

/** The newest tasks, by state if wished; a row opens the task's details. */
export class Tasks extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    filterStyles,
    panelStyles,
    tableStyles,
    css`
      .scroll {
        max-height: 640px;
        overflow-y: auto;
      }

      tbody tr {
        cursor: pointer;
      }

      tbody tr:hover {
        background: var(--surface-hover);
      }

      .tool {
        display: block;
        padding: 0;
        border: 0;
        background: none;
        color: var(--text);
        font: 500 var(--text-sm) / 1.35 var(--font);
        text-align: left;
        overflow-wrap: anywhere;
        cursor: pointer;
      }

      .tool:hover {
        color: var(--accent);
        text-decoration: underline;
      }

      .id {
        color: var(--text-muted);
        font-size: var(--text-xs);
        white-space: nowrap;
      }

      .outcome {
        max-width: 380px;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      .failed {
        color: var(--bad);
      }

      .progress {
        display: flex;
        align-items: center;
        gap: var(--space-2);
      }

      .progress tm-progress {
        flex: 0 1 140px;
        min-width: 48px;
      }

      .progress span {
        white-space: nowrap;
      }

      .bar {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-2) var(--space-3);
        padding: var(--space-2) var(--space-4);
        border-bottom: 1px solid var(--border);
        font-size: var(--text-sm);
      }

      .bar:not(:has(*)) {
        display: none;
      }

      .empty {
        padding: var(--space-4);
        color: var(--text-muted);
      }
    `,
  ]
  static override properties = {
    tasks: { attribute: false },
    feed: { attribute: false },
    filter: { state: true },
    found: { state: true },
    opened: { state: true },
    done: { state: true },
  }

  declare tasks: TaskList | undefined
  declare feed: MeshFeed | undefined
  declare filter: TaskFilter
  /** The newest tasks of the chosen state, which may all be older than those in `tasks`. */
  declare found: { filter: TaskFilter; tasks: TaskRow[] } | undefined
  /** Id of the task whose details are shown. */
  declare opened: string | undefined

  /** What came of the last thing that was asked for. */
  declare done: string | undefined

  #action = new Action(this, () => this.feed)
  #search = new LatestReader(() => this.#find())

  constructor() {
    super()
    new Ticker(this)
    this.filter = 'all'
  }

  override updated(changed: PropertyValues<this>): void {
    if (this.filter !== 'all' && (changed.has('filter') || changed.has('tasks'))) this.#search.ask()
  }

  override render() {
    const { tasks, filter } = this
    if (tasks === undefined) return nothing
    const rows = this.#rows(tasks).slice(0, MAX_ROWS)
    const choices = filterChoices(tasks.counts, filter)
    const none = choices[0]?.count === 0
    const total = choices.find(choice => choice.filter === filter)?.count ?? rows.length
    return html`
      <section class="panel" aria-labelledby="title">
        <header>
          <h2 id="title">Tasks</h2>
          ${
            none
              ? nothing
              : html`<div class="filters" role="group" aria-label="Show tasks by state">
                  ${choices.map(
                    choice => html`
                      <button type="button" aria-pressed=${choice.filter === filter ? 'true' : 'false'}
                        @click=${() => this.#choose(choice.filter)}>
                        ${choice.filter}<span class="count">${formatCount(choice.count)}</span>
                      </button>
                    `,
                  )}
                </div>`
          }
        </header>
        <tm-queue-notes .tasks=${tasks} .feed=${this.feed}></tm-queue-notes>
        ${none ? html`<tm-get-started></tm-get-started>` : [this.#bar(rows), this.#table(rows, total)]}
      </section>
      <tm-task-details .taskId=${this.opened} .tasks=${tasks} .feed=${this.feed} @close=${this.#close}
        @tm-open=${this.#show}></tm-task-details>
    `
  }

  /** What can be done with the tasks that are shown. */
  #bar(rows: TaskRow[]) {
    const { busy, problem } = this.#action
    const isPaused = this.tasks?.pauses.some(
      ({ tool, category }) => tool === undefined && category === undefined,
    )
    return html`
      <div class="bar">
        ${
          this.filter === 'failed' && rows.length > 0
            ? html`<button class="small" type="button" ?disabled=${busy} @click=${() => this.#submitAgain(rows)}>
                ${rows.length === 1 ? 'Submit it again' : `Submit these ${formatCount(rows.length)} again`}
              </button>`
            : nothing
        }
        ${
          isPaused || this.filter !== 'queued'
            ? nothing
            : html`<button class="small" type="button" ?disabled=${busy} @click=${this.#pause}>Pause the queue</button>`
        }
        ${problem === undefined ? nothing : html`<span class="failed" role="alert">${problem}</span>`}
        ${this.done === undefined ? nothing : html`<span class="muted" role="status">${this.done}</span>`}
      </div>
    `
  }

  #pause = (): void => {
    void this.#action.run(session => session.call('p2p_taskqueue_pause', {}, doneSchema))
  }

  async #submitAgain(rows: readonly TaskRow[]): Promise<void> {
    this.done = undefined
    const task_ids = rows.map(({ task_id }) => task_id)
    const answer = await this.#action.run(session =>
      session.call('p2p_taskqueue_resubmit', { task_ids }, allResubmittedSchema),
    )
    if (answer === undefined) return
    const made = answer.tasks.filter(({ error }) => error === undefined).length
    const refused = answer.tasks.length - made
    this.done = `${formatCount(made)} new tasks${refused === 0 ? '' : `, ${formatCount(refused)} refused`}.`
  }

  #table(rows: TaskRow[], total: number) {
    if (rows.length === 0) {
      return html`<p class="empty">
        ${total === 0 ? `No ${this.filter} tasks.` : `The ${formatCount(total)} ${this.filter} tasks are older than the newest ${MAX_ROWS}.`}
      </p>`
    }
    return html`
      <div class="scroll" tabindex="0" role="region" aria-label="Tasks">
        <table>
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Tool</th>
              <th scope="col" class="medium">Progress and outcome</th>
              <th scope="col" class="wide">Peer</th>
              <th scope="col" class="num wide">Attempts</th>
              <th scope="col" class="num">Time</th>
            </tr>
          </thead>
          <tbody>
            ${repeat(rows, task => task.task_id, this.#row)}
          </tbody>
        </table>
      </div>
      ${total > rows.length ? html`<p class="empty">The newest ${formatCount(rows.length)} of ${formatCount(total)}.</p>` : nothing}
    `
  }

  #row = (task: TaskRow) => html`
    <tr @click=${() => this.#open(task.task_id)}>
      <td><tm-state state=${task.state}></tm-state></td>
      <td>
        <button class="tool" type="button" aria-haspopup="dialog">${task.tool}</button>
        <code class="id" title=${task.task_id}>${shortTaskId(task.task_id)}</code>
        ${task.state === 'running' || task.state === 'failed' ? html`<div class="narrow">${outcome(task)}</div>` : nothing}
      </td>
      <td class="outcome medium">${outcome(task)}</td>
      <td class="wide nowrap">
        ${task.peer_id === undefined ? '–' : html`<code title=${task.peer_id}>${shortPeerId(task.peer_id)}</code>`}
      </td>
      <td class="num wide">${task.attempts}</td>
      <td class="num">${taskTime(task, Date.now())}</td>
    </tr>
  `

  #rows({ tasks }: TaskList): TaskRow[] {
    if (this.filter === 'all') return tasks
    if (this.found?.filter === this.filter) return this.found.tasks
    return tasks.filter(task => task.state === this.filter)
  }

  async #find(): Promise<void> {
    const { filter } = this
    if (filter === 'all') return
    try {
      const page = await this.feed?.session?.call(
        'p2p_taskqueue_list_tasks',
        { state: filter, order: 'newest', limit: MAX_ROWS },
        taskPageSchema,
      )
      if (page !== undefined) this.found = { filter, tasks: page.tasks }
    } catch {
      // What `tasks` holds of this state is shown instead, and a lost session says so itself.
      this.found = undefined
    }
  }

  #choose(filter: TaskFilter): void {
    this.filter = filter
    this.done = undefined
    this.#action.clear()
  }

  #open(taskId: string): void {
    this.opened = taskId
  }

  #show = (event: CustomEvent<string>): void => {
    this.opened = event.detail
  }

  #close = (): void => {
    this.opened = undefined
  }
}

const WAITS: Partial<Record<TaskState, string>> = {
  queued: 'waits for its turn',
  scheduled: 'waits for its time',
}

function outcome(task: TaskRow) {
  if (task.error !== undefined) {
    return html`<span class=${task.state === 'failed' ? 'failed' : 'muted'} title=${task.error.message}>
      <code>${task.error.code}</code> ${task.error.message}
    </span>`
  }
  if (task.state === 'running') {
    const { progress } = task
    return html`<span class="progress">
      <tm-progress .value=${progress} label=${`Progress of ${task.tool}`}></tm-progress>
      <span class="muted">${progress?.total === undefined ? (progress?.message ?? '') : `${progress.done} / ${progress.total}`}</span>
    </span>`
  }
  return html`<span class="muted">${WAITS[task.state] ?? (task.state === 'succeeded' ? 'done' : task.state)}</span>`
}

/** From submission to the end, or until now. */
function taskTime(task: TaskRow, now: number): string {
  const created = Date.parse(task.created_at)
  return task.ended_at === undefined
    ? formatElapsed(now - created)
    : formatDuration(Date.parse(task.ended_at) - created)
}

customElements.define('tm-tasks', Tasks)
