import { McpError } from '@modelcontextprotocol/sdk/types.js'
import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { baseStyles } from '../../design/base-styles.ts'
import { filterStyles } from '../../design/filter-styles.ts'
import { panelStyles } from '../../design/panel-styles.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { plainMessage } from '../../feed/plain-message.ts'
import { type WorkflowDetails, workflowSchema } from '../../feed/workflow-schemas.ts'
import { formatCount } from '../../format/number.ts'
import { hashOf } from '../route.ts'
import type { Caller } from './caller.ts'
import '../../design/notice.ts'
import './step-graph.ts'
import './step-panel.ts'
import './step-table.ts'
import './workflow-history.ts'
import './workflow-result.ts'
import './workflow-summary.ts'

/** JSON-RPC error of a resource that is not there (MCP 2025-11-25, resources). */
const RESOURCE_NOT_FOUND = -32_002

/** Steps and dependencies up to which a drawing can be read, and made in about a second. */
const MAX_DRAWN_STEPS = 300
const MAX_DRAWN_EDGES = 1_200
/** Room beside the steps for the one that is shown; with less it comes over them. */
const ROOMY = '(min-width: 1100px)'
/** A screen on which a graph is seen only in parts: the table comes first there. */
const SMALL = '(max-width: 640px)'

/** One workflow, live: at a glance, its steps as a graph or a table, the chosen step, its result and its history. */
export class WorkflowPage extends LitElement {
  static override styles = [
    baseStyles,
    filterStyles,
    panelStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-4);
      }

      .back {
        color: var(--accent);
        font-size: var(--text-sm);
      }

      .steps {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-4);
        align-items: start;
      }

      .note {
        padding: var(--space-2) var(--space-4);
        border-bottom: 1px solid var(--border);
        color: var(--text-muted);
        font-size: var(--text-sm);
      }

      aside {
        max-height: calc(clamp(260px, 62vh, 720px) + 53px);
        overflow-y: auto;
      }

      @media (min-width: 1100px) {
        .steps.two {
          grid-template-columns: minmax(0, 1fr) 400px;
        }
      }

      dialog {
        width: min(520px, 100vw);
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

      .reading {
        padding: var(--space-5) 0;
      }
    `,
  ]
  static override properties = {
    workflowId: { attribute: false },
    stepId: { attribute: false },
    caller: { attribute: false },
    feed: { attribute: false },
    workflow: { state: true },
    problem: { state: true },
    asTable: { state: true },
  }

  declare workflowId: string
  /** The step that is shown beside the others. */
  declare stepId: string | undefined
  declare caller: Caller
  declare feed: MeshFeed
  declare workflow: WorkflowDetails | undefined
  declare problem: string | undefined
  /** Undefined until chosen: then the graph, where one can be drawn and there is room for it. */
  declare asTable: boolean | undefined

  #stop: () => void = () => {}
  #roomy = matchMedia(ROOMY)
  #small = matchMedia(SMALL)

  override connectedCallback(): void {
    super.connectedCallback()
    for (const media of [this.#roomy, this.#small]) media.addEventListener('change', this.#redraw)
    if (this.hasUpdated) this.#watch()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    for (const media of [this.#roomy, this.#small]) media.removeEventListener('change', this.#redraw)
    this.#stop()
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('workflowId') || changed.has('feed')) this.#watch()
  }

  override updated(): void {
    const dialog = this.renderRoot.querySelector('dialog')
    if (dialog !== null && !dialog.open) dialog.showModal()
  }

  override render() {
    const { workflow, problem } = this
    return html`
      <nav aria-label="Back"><a class="back" href=${hashOf({ page: 'workflows' })}>← All workflows</a></nav>
      ${
        problem === undefined
          ? nothing
          : html`<tm-notice tone="bad" role="alert" heading="This workflow cannot be shown."><p>${problem}</p></tm-notice>`
      }
      ${workflow === undefined ? (problem === undefined ? html`<p class="muted reading" role="status">Reading the workflow…</p>` : nothing) : this.#content(workflow)}
    `
  }

  #content(workflow: WorkflowDetails) {
    const { caller, feed, stepId } = this
    const beside = stepId !== undefined && this.#roomy.matches
    const undrawn = whyNoGraph(workflow)
    const asTable = undrawn !== undefined || (this.asTable ?? this.#small.matches)
    return html`
      <tm-workflow-summary .workflow=${workflow} .caller=${caller} .feed=${feed}></tm-workflow-summary>
      <div class="steps ${beside ? 'two' : ''}" @tm-select=${this.#select}>
        <section class="panel" aria-labelledby="steps">
          <header>
            <h2 id="steps">Steps</h2>
            ${undrawn === undefined ? this.#toggle(asTable) : nothing}
          </header>
          ${undrawn === undefined ? nothing : html`<p class="note">${undrawn}</p>`}
          ${
            asTable
              ? html`<tm-step-table .workflow=${workflow} .selected=${stepId} .feed=${feed}></tm-step-table>`
              : html`<tm-step-graph .steps=${workflow.steps} .selected=${stepId}></tm-step-graph>`
          }
        </section>
        ${beside ? html`<aside class="panel" aria-label="Step">${this.#panel(workflow, stepId)}</aside>` : nothing}
      </div>
      ${
        stepId !== undefined && !beside
          ? html`<dialog aria-label="Step" @close=${this.#deselect} @click=${this.#clicked}>${this.#panel(workflow, stepId)}</dialog>`
          : nothing
      }
      <tm-workflow-result .workflow=${workflow} .feed=${feed}></tm-workflow-result>
      <tm-workflow-history .workflow=${workflow} .feed=${feed}></tm-workflow-history>
    `
  }

  #toggle(asTable: boolean) {
    const choose = (table: boolean) => () => {
      this.asTable = table
    }
    return html`
      <div class="filters" role="group" aria-label="Show the steps as">
        <button type="button" aria-pressed=${asTable ? 'false' : 'true'} @click=${choose(false)}>Graph</button>
        <button type="button" aria-pressed=${asTable ? 'true' : 'false'} @click=${choose(true)}>Table</button>
      </div>
    `
  }

  #panel(workflow: WorkflowDetails, stepId: string) {
    return html`<tm-step-panel .workflow=${workflow} .stepId=${stepId} .caller=${this.caller} .feed=${this.feed} @tm-close=${this.#deselect}></tm-step-panel>`
  }

  #watch(): void {
    this.#stop()
    const { workflowId, feed } = this
    if (workflowId !== this.workflow?.workflow_id) this.workflow = undefined
    this.problem = undefined
    const uri = `mesh://workflows/${encodeURIComponent(workflowId)}`
    this.#stop = feed.watch({
      uri,
      read: session => session.read(uri, workflowSchema),
      show: workflow => {
        this.workflow = workflow
        this.problem = undefined
      },
      failed: error => {
        const isMissing = error instanceof McpError && error.code === RESOURCE_NOT_FOUND
        this.problem = isMissing
          ? `This node has no workflow ${workflowId} that you may see. What has ended is kept for a time only.`
          : plainMessage(error)
      },
    })
  }

  /** The first step that is opened is a place to come back from; going from step to step is not. */
  #select = (event: CustomEvent<string>): void => {
    const hash = hashOf({ page: 'workflow', id: this.workflowId, step: event.detail })
    if (this.stepId === undefined) location.hash = hash
    else location.replace(hash)
  }

  #deselect = (): void => {
    if (this.stepId !== undefined) location.hash = hashOf({ page: 'workflow', id: this.workflowId })
  }

  /** The dialog fills the drawer, so a click on the dialog itself outside its box is one on the backdrop. */
  #clicked = (event: MouseEvent): void => {
    const dialog = this.renderRoot.querySelector('dialog')
    if (dialog !== null && event.target === dialog && event.clientX < dialog.getBoundingClientRect().left)
      dialog.close()
  }

  #redraw = (): void => this.requestUpdate()
}

/** Why its steps are shown as a table only; undefined where they can be drawn. */
function whyNoGraph({ steps, next_after }: WorkflowDetails): string | undefined {
  if (next_after !== undefined || steps.length > MAX_DRAWN_STEPS)
    return `More than ${formatCount(MAX_DRAWN_STEPS)} steps: they are shown as a table.`
  const edges = steps.reduce((sum, { depends_on }) => sum + depends_on.length, 0)
  return edges > MAX_DRAWN_EDGES
    ? `More than ${formatCount(MAX_DRAWN_EDGES)} dependencies: the steps are shown as a table.`
    : undefined
}

customElements.define('tm-workflow-page', WorkflowPage)
