import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { baseStyles } from '../../design/base-styles.ts'
import { buttonStyles } from '../../design/button-styles.ts'
import { filterStyles } from '../../design/filter-styles.ts'
import { tableStyles } from '../../design/table-styles.ts'
import { Ticker } from '../../design/ticker.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { STEP_STATES, type StepRow, type WorkflowDetails } from '../../feed/workflow-schemas.ts'
import { formatCount } from '../../format/number.ts'
import { type StepFilter, StepPages } from './step-pages.ts'
import { itemsText, stepTime, stepWork } from './step-text.ts'
import '../../design/state.ts'

/** The steps of a workflow as a table, in pages, by state if wished. Fires `tm-select`. */
export class StepTable extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    filterStyles,
    tableStyles,
    css`
      .filters {
        padding: var(--space-2) var(--space-4);
        border-bottom: 1px solid var(--border);
      }

      .scroll {
        max-height: clamp(260px, 62vh, 720px);
        overflow-y: auto;
      }

      th:first-child {
        width: 130px;
      }

      tbody tr {
        cursor: pointer;
      }

      tbody tr:hover {
        background: var(--surface-hover);
      }

      tbody tr.selected {
        background: var(--accent-soft);
      }

      .step {
        display: block;
        min-height: 0;
        padding: 0;
        border: 0;
        background: none;
        font: 500 var(--text-sm) / 1.35 var(--font);
        text-align: left;
        white-space: normal;
        overflow-wrap: anywhere;
      }

      .step:hover {
        background: none;
        color: var(--accent);
        text-decoration: underline;
      }

      .outcome {
        max-width: 360px;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      .bad {
        color: var(--bad);
      }

      .pages {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        padding: var(--space-2) var(--space-4);
        border-top: 1px solid var(--border);
        font-size: var(--text-sm);
      }

      .empty {
        padding: var(--space-4);
        color: var(--text-muted);
      }
    `,
  ]
  static override properties = {
    workflow: { attribute: false },
    selected: { attribute: false },
    feed: { attribute: false },
  }

  declare workflow: WorkflowDetails
  /** Id of the step that is shown beside it. */
  declare selected: string | undefined
  declare feed: MeshFeed | undefined

  #pages = new StepPages(this, () => this.feed)

  constructor() {
    super()
    new Ticker(this)
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('workflow')) this.#pages.follow(this.workflow)
  }

  override render() {
    const pages = this.#pages
    const { steps } = pages.page
    const choices: StepFilter[] = ['all', ...STEP_STATES]
    return html`
      <div class="filters" role="group" aria-label="Show steps by state">
        ${choices
          .filter(filter => filter === 'all' || pages.count(filter) > 0 || filter === pages.filter)
          .map(
            filter => html`
              <button type="button" aria-pressed=${filter === pages.filter ? 'true' : 'false'} @click=${() => pages.choose(filter)}>
                ${filter}<span class="count">${formatCount(pages.count(filter))}</span>
              </button>
            `,
          )}
      </div>
      ${pages.problem === undefined ? nothing : html`<p class="empty bad" role="alert">${pages.problem}</p>`}
      ${
        steps.length === 0
          ? html`<p class="empty">${pages.count(pages.filter) === 0 ? 'None.' : 'Reading…'}</p>`
          : html`
              <div class="scroll" tabindex="0" role="region" aria-label="Steps">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">State</th>
                      <th scope="col">Step</th>
                      <th scope="col" class="medium">Does</th>
                      <th scope="col" class="wide">After</th>
                      <th scope="col" class="medium">Outcome</th>
                      <th scope="col" class="num">Time</th>
                    </tr>
                  </thead>
                  <tbody>
                    ${repeat(steps, ({ id }) => id, this.#row)}
                  </tbody>
                </table>
              </div>
            `
      }
      ${this.#turns(steps)}
    `
  }

  #row = (step: StepRow) => html`
    <tr class=${step.id === this.selected ? 'selected' : ''} aria-current=${step.id === this.selected ? 'true' : nothing}
      @click=${() => this.#select(step.id)}>
      <td><tm-state state=${step.state}></tm-state></td>
      <td>
        <button class="step" type="button">${step.title ?? step.id}</button>
        ${step.title === undefined ? nothing : html`<code class="muted">${step.id}</code>`}
        ${step.error === undefined ? nothing : html`<div class="narrow bad">${step.error.message}</div>`}
      </td>
      <td class="medium">${stepWork(step)}</td>
      <td class="wide outcome muted" title=${step.depends_on.join(', ')}>${step.depends_on.join(', ') || '–'}</td>
      <td class="medium outcome">${outcome(step)}</td>
      <td class="num">${stepTime(step, Date.now()) || '–'}</td>
    </tr>
  `

  #turns(steps: readonly StepRow[]) {
    const pages = this.#pages
    const { next_after } = pages.page
    const [first, last] = [steps[0], steps.at(-1)]
    if ((pages.isFirst && next_after === undefined) || first === undefined || last === undefined)
      return nothing
    return html`
      <nav class="pages" aria-label="Pages of steps">
        <button class="small" type="button" ?disabled=${pages.isFirst} @click=${() => pages.back()}>Earlier</button>
        <button class="small" type="button" ?disabled=${next_after === undefined} @click=${() => pages.on()}>Later</button>
        <span class="muted">Steps ${formatCount(first.index + 1)} to ${formatCount(last.index + 1)} of ${formatCount(pages.count('all'))}</span>
      </nav>
    `
  }

  #select(id: string): void {
    this.dispatchEvent(new CustomEvent('tm-select', { detail: id, bubbles: true, composed: true }))
  }
}

function outcome({ error, reason, items, cached, continued }: StepRow) {
  if (error !== undefined) {
    const text = html`<code>${error.code}</code> ${error.message}`
    return html`<span class=${continued === true ? 'muted' : 'bad'} title=${error.message}>${text}</span>`
  }
  if (reason !== undefined) return html`<span class="muted" title=${reason}>${reason}</span>`
  if (items !== undefined)
    return html`${itemsText(items)} items${items.failed > 0 ? html`, <span class="bad">${formatCount(items.failed)} failed</span>` : nothing}`
  return cached === true ? html`<span class="muted">from the cache</span>` : nothing
}

customElements.define('tm-step-table', StepTable)
