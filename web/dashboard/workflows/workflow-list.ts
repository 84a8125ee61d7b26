import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { baseStyles } from '../../design/base-styles.ts'
import { buttonStyles } from '../../design/button-styles.ts'
import { filterStyles } from '../../design/filter-styles.ts'
import { panelStyles } from '../../design/panel-styles.ts'
import { tableStyles } from '../../design/table-styles.ts'
import { Ticker } from '../../design/ticker.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { plainMessage } from '../../feed/plain-message.ts'
import {
  WORKFLOW_STATES,
  type WorkflowList,
  type WorkflowRow,
  workflowListSchema,
} from '../../feed/workflow-schemas.ts'
import { formatCount } from '../../format/number.ts'
import { shortTaskId } from '../../format/peer-id.ts'
import { hashOf } from '../route.ts'
import { type Caller, maySubmit } from './caller.ts'
import { endedSteps, stepCounts, workflowTime } from './workflow-text.ts'
import '../../design/notice.ts'
import '../../design/state-bar.ts'
import '../../design/state.ts'
import './no-workflows.ts'

/** Workflows on a page. */
const PAGE = 50

/** The workflows of this node, the newest first and live, by state if wished; a row leads to its workflow. */
export class WorkflowListPage extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    filterStyles,
    panelStyles,
    tableStyles,
    css`
      tbody tr {
        cursor: pointer;
      }

      tbody tr:hover {
        background: var(--surface-hover);
      }

      .name {
        display: block;
        color: var(--text);
        font-weight: 500;
        text-decoration: none;
        overflow-wrap: anywhere;
      }

      .name:hover {
        color: var(--accent);
        text-decoration: underline;
      }

      .id {
        color: var(--text-muted);
        font-size: var(--text-xs);
        white-space: nowrap;
      }

      .why {
        max-width: 460px;
        overflow: hidden;
        color: var(--text-muted);
        font-size: var(--text-xs);
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      .why.failed {
        color: var(--bad);
      }

      th:first-child {
        width: 130px;
      }

      .progress {
        display: flex;
        align-items: center;
        gap: var(--space-3);
      }

      .progress tm-state-bar {
        flex: 0 1 180px;
      }

      .progress span {
        color: var(--text-muted);
        white-space: nowrap;
      }

      .narrow .progress {
        margin-top: 4px;
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

      @media (max-width: 560px) {
        .why {
          white-space: normal;
        }
      }
    `,
  ]
  static override properties = {
    filter: { attribute: false },
    caller: { attribute: false },
    feed: { attribute: false },
    list: { state: true },
    problem: { state: true },
    cursors: { state: true },
  }

  /** As the address has it; undefined: all. */
  declare filter: string | undefined
  declare caller: Caller
  declare feed: MeshFeed
  declare list: WorkflowList | undefined
  declare problem: string | undefined
  /** Where each page begins, up to the one that is shown. */
  declare cursors: readonly (string | undefined)[]

  #stop: () => void = () => {}

  constructor() {
    super()
    new Ticker(this)
    this.cursors = [undefined]
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
    if (changed.has('filter')) this.cursors = [undefined]
    if (changed.has('filter') || changed.has('feed') || changed.has('cursors')) this.#watch()
  }

  override render() {
    const { list, problem, filter } = this
    const isEmpty = list !== undefined && list.workflows.length === 0 && this.cursors.length === 1
    const none = isEmpty && filter === undefined
    return html`
      <section class="panel" aria-labelledby="title">
        <header>
          <h2 id="title">Workflows</h2>
          ${none ? nothing : this.#filters(list?.counts)}
        </header>
        ${problem === undefined ? nothing : html`<tm-notice tone="bad" role="alert" heading="The workflows cannot be read."><p>${problem}</p></tm-notice>`}
        ${
          list === undefined
            ? html`<p class="empty" role="status">${problem === undefined ? 'Reading…' : nothing}</p>`
            : none
              ? html`<tm-no-workflows .feed=${this.feed} ?allowed=${maySubmit(this.caller)}></tm-no-workflows>`
              : isEmpty
                ? html`<p class="empty">No ${filter} workflows.</p>`
                : this.#table(list.workflows)
        }
        ${list === undefined ? nothing : this.#pages(list)}
      </section>
    `
  }

  #filters(counts: WorkflowList['counts']) {
    const all =
      counts === undefined ? undefined : Object.values(counts).reduce((sum, count) => sum + count, 0)
    const chosen = this.filter ?? 'all'
    const choices: [string, number | undefined][] = [
      ['all', all],
      ...WORKFLOW_STATES.map((state): [string, number | undefined] => [state, counts?.[state]]),
    ]
    return html`
      <div class="filters" role="group" aria-label="Show workflows by state">
        ${choices.map(
          ([name, count]) => html`
            <button type="button" aria-pressed=${name === chosen ? 'true' : 'false'} @click=${() => choose(name)}>
              ${name}${count === undefined ? nothing : html`<span class="count">${formatCount(count)}</span>`}
            </button>
          `,
        )}
      </div>
    `
  }

  #table(rows: readonly WorkflowRow[]) {
    return html`
      <div class="scroll" tabindex="0" role="region" aria-label="Workflows">
        <table>
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Workflow</th>
              <th scope="col" class="medium">Steps</th>
              <th scope="col" class="wide">Submitted</th>
              <th scope="col" class="wide">By</th>
              <th scope="col" class="num">Time</th>
            </tr>
          </thead>
          <tbody>
            ${repeat(rows, ({ workflow_id }) => workflow_id, row)}
          </tbody>
        </table>
      </div>
    `
  }

  #pages({ next_cursor, workflows }: WorkflowList) {
    const isFirst = this.cursors.length === 1
    // A page that is not full may still have one behind it, but only a node with very many workflows says so.
    if (isFirst && (next_cursor === undefined || workflows.length === 0)) return nothing
    return html`
      <nav class="pages" aria-label="Pages of workflows">
        <button class="small" type="button" ?disabled=${isFirst}
          @click=${() => {
            this.cursors = this.cursors.slice(0, -1)
          }}>Newer</button>
        <button class="small" type="button" ?disabled=${next_cursor === undefined}
          @click=${() => {
            this.cursors = [...this.cursors, next_cursor]
          }}>Older</button>
        <span class="muted">Page ${formatCount(this.cursors.length)}</span>
      </nav>
    `
  }

  #watch(): void {
    this.#stop()
    const { filter, feed } = this
    const cursor = this.cursors.at(-1)
    const input = {
      limit: PAGE,
      ...(filter === undefined ? {} : { state: filter }),
      ...(cursor === undefined ? {} : { cursor }),
    }
    this.#stop = feed.watch({
      uri: 'mesh://workflows',
      read: session => session.call('p2p_workflow_list', input, workflowListSchema),
      show: list => {
        this.list = list
        this.problem = undefined
      },
      failed: error => {
        this.problem = plainMessage(error)
      },
    })
  }
}

function row(workflow: WorkflowRow) {
  const { workflow_id, error, version, step_counts } = workflow
  const href = hashOf({ page: 'workflow', id: workflow_id })
  const progress = html`<div class="progress">
    <tm-state-bar label="Steps" .counts=${stepCounts(step_counts)}></tm-state-bar><span>${endedSteps(step_counts)}</span>
  </div>`
  return html`
    <tr @click=${(event: MouseEvent) => open(event, href)}>
      <td><tm-state state=${workflow.state}></tm-state></td>
      <td>
        <a class="name" href=${href}>${workflow.name}${version === undefined ? nothing : html` <span class="muted">${version}</span>`}</a>
        <code class="id" title=${workflow_id}>${shortTaskId(workflow_id)}</code>
        ${error === undefined ? nothing : html`<div class="why ${workflow.state === 'failed' ? 'failed' : ''}" title=${error.message}>${error.message}</div>`}
        <div class="narrow">${progress}</div>
      </td>
      <td class="medium">${progress}</td>
      <td class="wide nowrap">${new Date(workflow.created_at).toLocaleString()}</td>
      <td class="wide"><code>${shortPrincipal(workflow.principal)}</code></td>
      <td class="num">${workflowTime(workflow, Date.now())}</td>
    </tr>
  `
}

function choose(name: string): void {
  location.hash = hashOf({ page: 'workflows', ...(name === 'all' ? {} : { state: name }) })
}

/** The whole row leads on; its link does so by itself, also into another tab. */
function open(event: MouseEvent, href: string): void {
  if (event.composedPath().some(target => target instanceof HTMLAnchorElement)) return
  location.hash = href
}

/** A peer's id is long, and differs at its end. */
function shortPrincipal(principal: string): string {
  return principal.length <= 24 ? principal : `${principal.slice(0, 8)}…${principal.slice(-8)}`
}

customElements.define('tm-workflow-list', WorkflowListPage)
