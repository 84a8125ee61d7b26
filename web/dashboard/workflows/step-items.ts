import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { baseStyles } from '../../design/base-styles.ts'
import { buttonStyles } from '../../design/button-styles.ts'
import { filterStyles } from '../../design/filter-styles.ts'
import { LatestReader } from '../../feed/latest-reader.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { plainMessage } from '../../feed/plain-message.ts'
import { type ItemCounts, type ItemRow, stepDetailsSchema } from '../../feed/workflow-schemas.ts'
import { formatCount } from '../../format/number.ts'
import { endedItems } from './step-text.ts'
import '../../design/state-bar.ts'
import '../../design/state.ts'
import './item-details.ts'

/** Items on a page. */
const PAGE = 25

type ItemFilter = 'all' | ItemRow['state']

/** The items of a for_each in pages, those that failed first; one opens with its input, output and attempts. */
export class StepItems extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    filterStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-2);
      }

      h3 {
        font-size: var(--text-sm);
        font-weight: 600;
      }

      ul {
        list-style: none;
        border: 1px solid var(--border);
        border-radius: var(--radius-sm);
      }

      li + li {
        border-top: 1px solid var(--border);
      }

      .item {
        display: flex;
        justify-content: flex-start;
        gap: var(--space-3);
        width: 100%;
        min-height: 34px;
        padding: 4px var(--space-3);
        border: 0;
        border-radius: 0;
        background: none;
        font-weight: 400;
        line-height: 1.4;
        text-align: left;
        white-space: normal;
      }

      .number {
        min-width: 3ch;
        color: var(--text-muted);
        font-variant-numeric: tabular-nums;
        text-align: right;
      }

      .why {
        overflow: hidden;
        color: var(--bad);
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      tm-item-details {
        padding: var(--space-2) var(--space-3) var(--space-3);
        background: var(--surface-sunken);
      }

      .pages {
        display: flex;
        align-items: center;
        gap: var(--space-2);
      }

      .none {
        padding: var(--space-3);
        color: var(--text-muted);
      }
    `,
  ]
  static override properties = {
    workflowId: { attribute: false },
    stepId: { attribute: false },
    counts: { attribute: false },
    feed: { attribute: false },
    filter: { state: true },
    afters: { state: true },
    page: { state: true },
    opened: { state: true },
    problem: { state: true },
  }

  declare workflowId: string
  declare stepId: string
  declare counts: ItemCounts
  declare feed: MeshFeed | undefined
  /** Undefined until chosen: then those that failed, or all where none did. */
  declare filter: ItemFilter | undefined
  /** Item behind which each page begins, up to the one that is shown. */
  declare afters: readonly (number | undefined)[]
  declare page: { items: ItemRow[]; next_after?: number } | undefined
  /** The item that is shown whole. */
  declare opened: number | undefined
  declare problem: string | undefined

  #reader = new LatestReader(() => this.#read())

  constructor() {
    super()
    this.afters = [undefined]
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('stepId') && !changed.has('workflowId')) return
    this.filter = undefined
    this.afters = [undefined]
    this.page = undefined
    this.opened = undefined
  }

  override updated(changed: PropertyValues<this>): void {
    const asks =
      changed.has('stepId') ||
      changed.has('workflowId') ||
      changed.has('counts') ||
      changed.has('filter') ||
      changed.has('afters')
    if (asks) this.#reader.ask()
  }

  override render() {
    const { counts, page, problem } = this
    if (counts === undefined) return nothing
    const chosen = this.#chosen()
    const shown = choices(counts).filter(
      ([filter, count]) => filter === 'all' || count > 0 || filter === chosen,
    )
    return html`
      <h3>Items</h3>
      <tm-state-bar label="Items" .counts=${bar(counts)}></tm-state-bar>
      <div class="filters" role="group" aria-label="Show items by state">
        ${shown.map(
          ([filter, count]) => html`
            <button type="button" aria-pressed=${filter === chosen ? 'true' : 'false'} @click=${() => this.#choose(filter)}>
              ${filter}<span class="count">${formatCount(count)}</span>
            </button>
          `,
        )}
      </div>
      ${problem === undefined ? nothing : html`<p class="muted" role="alert">${problem}</p>`}
      ${
        page === undefined
          ? nothing
          : page.items.length === 0
            ? html`<p class="none">None.</p>`
            : html`<ul aria-label="Items">${repeat(page.items, ({ item }) => item, this.#row)}</ul>`
      }
      ${this.#pages()}
    `
  }

  #row = (row: ItemRow) => {
    const open = this.opened === row.item
    return html`
      <li>
        <button class="item" type="button" aria-expanded=${open ? 'true' : 'false'}
          @click=${() => {
            this.opened = open ? undefined : row.item
          }}>
          <span class="number">${row.item}</span>
          <tm-state state=${row.state}></tm-state>
          ${row.cached === true ? html`<span class="muted">from the cache</span>` : nothing}
          ${row.error === undefined ? nothing : html`<span class="why"><code>${row.error.code}</code> ${row.error.message}</span>`}
        </button>
        ${
          open
            ? html`<tm-item-details .workflowId=${this.workflowId} .stepId=${this.stepId} .row=${row} .feed=${this.feed}></tm-item-details>`
            : nothing
        }
      </li>
    `
  }

  #pages() {
    const next = this.page?.next_after
    if (this.afters.length === 1 && next === undefined) return nothing
    return html`
      <div class="pages">
        <button class="small" type="button" ?disabled=${this.afters.length === 1}
          @click=${() => {
            this.afters = this.afters.slice(0, -1)
          }}>Earlier</button>
        <button class="small" type="button" ?disabled=${next === undefined}
          @click=${() => {
            this.afters = [...this.afters, next]
          }}>Later</button>
      </div>
    `
  }

  #chosen(): ItemFilter {
    return this.filter ?? (this.counts.failed > 0 ? 'failed' : 'all')
  }

  #choose(filter: ItemFilter): void {
    this.filter = filter
    this.afters = [undefined]
    this.opened = undefined
  }

  async #read(): Promise<void> {
    const { workflowId, stepId, afters, counts } = this
    if (counts === undefined) return
    const chosen = this.#chosen()
    const after = afters.at(-1)
    const current = () =>
      stepId === this.stepId &&
      workflowId === this.workflowId &&
      chosen === this.#chosen() &&
      afters === this.afters
    const input = {
      workflow_id: workflowId,
      step: stepId,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
      ...(chosen === 'all' ? {} : { item_state: [chosen] }),
    }
    try {
      const found = await this.feed?.session?.call('p2p_workflow_status', input, stepDetailsSchema)
      if (found === undefined || !current()) return
      const { items = [], next_after } = found
      this.page = { items, ...(next_after === undefined ? {} : { next_after }) }
      this.problem = undefined
    } catch (error) {
      if (current()) this.problem = plainMessage(error)
    }
  }
}

function choices(counts: ItemCounts): [ItemFilter, number][] {
  const { total, failed, running, succeeded, cancelled } = counts
  return [
    ['all', total],
    ['failed', failed],
    ['running', running],
    ['succeeded', succeeded],
    ['cancelled', cancelled],
    ['pending', total - running - endedItems(counts)],
  ]
}

function bar({ succeeded, failed, running, cancelled, total }: ItemCounts) {
  return [
    ['succeeded', succeeded],
    ['running', running],
    ['failed', failed],
    ['cancelled', cancelled],
    ['pending', total - succeeded - failed - running - cancelled],
  ]
}

customElements.define('tm-step-items', StepItems)
