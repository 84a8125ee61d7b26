import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { baseStyles } from '../../design/base-styles.ts'
import { buttonStyles } from '../../design/button-styles.ts'
import { panelStyles } from '../../design/panel-styles.ts'
import { LatestReader } from '../../feed/latest-reader.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { plainMessage } from '../../feed/plain-message.ts'
import { type EventRow, type WorkflowDetails, workflowEventsSchema } from '../../feed/workflow-schemas.ts'
import { formatCount } from '../../format/number.ts'
import { eventText } from './event-text.ts'

/** Changes that are shown at first, and by which older ones are added. */
const PAGE = 100
/** Most that are held; older ones leave when new ones come. */
const MAX_HELD = 1_000

/** What happened to a workflow, the newest first; goes on by itself. */
export class WorkflowHistory extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    panelStyles,
    css`
      ol {
        max-height: 360px;
        padding: var(--space-2) var(--space-4);
        overflow-y: auto;
        list-style: none;
        font-size: var(--text-sm);
      }

      li {
        display: grid;
        grid-template-columns: max-content max-content minmax(0, 1fr);
        gap: var(--space-3);
        padding: 3px 0;
      }

      .seq,
      time {
        color: var(--text-muted);
        font-variant-numeric: tabular-nums;
      }

      .seq {
        min-width: 4ch;
        text-align: right;
      }

      .text {
        overflow-wrap: anywhere;
      }

      .older {
        padding: var(--space-2) var(--space-4);
        border-top: 1px solid var(--border);
      }

      .empty {
        padding: var(--space-4);
        color: var(--text-muted);
      }
    `,
  ]
  static override properties = {
    workflow: { attribute: false },
    feed: { attribute: false },
    events: { state: true },
    problem: { state: true },
  }

  declare workflow: WorkflowDetails
  declare feed: MeshFeed | undefined
  /** Oldest first, without a gap. */
  declare events: readonly EventRow[]
  declare problem: string | undefined

  #reader = new LatestReader(() => this.#follow())

  constructor() {
    super()
    this.events = []
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('workflow')) return
    if (changed.get('workflow')?.workflow_id === this.workflow.workflow_id) return
    this.events = []
    this.problem = undefined
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has('workflow') && this.workflow.seq > (this.events.at(-1)?.seq ?? 0)) this.#reader.ask()
  }

  override render() {
    const { events, problem } = this
    const first = events[0]?.seq ?? 1
    return html`
      <section class="panel" aria-labelledby="title">
        <header><h2 id="title">History</h2><span class="muted">${formatCount(Math.max(this.workflow.seq, events.at(-1)?.seq ?? 0))} changes</span></header>
        ${problem === undefined ? nothing : html`<p class="empty" role="alert">${problem}</p>`}
        ${
          events.length === 0
            ? nothing
            : html`<ol tabindex="0" aria-label="Changes, the newest first">${repeat(events.toReversed(), ({ seq }) => seq, line)}</ol>`
        }
        ${
          first > 1
            ? html`<div class="older">
                <button class="small" type="button" ?disabled=${events.length >= MAX_HELD} @click=${this.#older}>Show older</button>
                ${events.length >= MAX_HELD ? html`<span class="muted">The newest ${formatCount(events.length)}; <code>mesh://workflow-events</code> has all.</span>` : nothing}
              </div>`
            : nothing
        }
      </section>
    `
  }

  /** Reads what came since, or the newest at first and after a long absence. */
  async #follow(): Promise<void> {
    const { workflow_id, seq } = this.workflow
    const known = this.events.at(-1)?.seq ?? 0
    const after = known === 0 || seq - known > MAX_HELD ? Math.max(0, seq - PAGE) : known
    const found = await this.#read(workflow_id, after)
    if (found === undefined) return
    const kept = after === known ? this.events : []
    this.events = [...kept, ...found.filter(event => event.seq > after)].slice(-MAX_HELD)
  }

  #older = async (): Promise<void> => {
    const first = this.events[0]?.seq ?? 1
    const after = Math.max(0, first - 1 - PAGE)
    const found = await this.#read(this.workflow.workflow_id, after)
    if (found === undefined || this.events[0]?.seq !== first) return
    this.events = [...found.filter(({ seq }) => seq < first), ...this.events]
  }

  async #read(id: string, after: number): Promise<EventRow[] | undefined> {
    try {
      const uri = `mesh://workflow-events/${encodeURIComponent(id)}/${after}`
      const view = await this.feed?.session?.read(uri, workflowEventsSchema)
      if (id !== this.workflow.workflow_id) return undefined
      this.problem = undefined
      return view?.events
    } catch (error) {
      if (id === this.workflow.workflow_id) this.problem = plainMessage(error)
      return undefined
    }
  }
}

function line(event: EventRow) {
  return html`<li>
    <span class="seq">${event.seq}</span>
    <time datetime=${event.at} title=${new Date(event.at).toLocaleString()}>${new Date(event.at).toLocaleTimeString()}</time>
    <span class="text">${eventText(event)}</span>
  </li>`
}

customElements.define('tm-workflow-history', WorkflowHistory)
