import { css, html, LitElement, nothing } from 'lit'
import { baseStyles } from '../../design/base-styles.ts'
import { panelStyles } from '../../design/panel-styles.ts'
import { Ticker } from '../../design/ticker.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import type { WorkflowDetails } from '../../feed/workflow-schemas.ts'
import { shortPeerId } from '../../format/peer-id.ts'
import { hashOf } from '../route.ts'
import { type Caller, mayChange } from './caller.ts'
import { endedSteps, stepCounts, workflowTime } from './workflow-text.ts'
import '../../design/copy-button.ts'
import '../../design/notice.ts'
import '../../design/state-bar.ts'
import '../../design/state.ts'
import './workflow-actions.ts'

const MAX_QUESTIONS = 3

/** A workflow at a glance: its state and why, how far it is, who drives it, and what can be done. */
export class WorkflowSummary extends LitElement {
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      .title {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 2px var(--space-4);
        min-width: 0;
      }

      .panel h2 {
        font-size: var(--text-lg);
        font-weight: 650;
        overflow-wrap: anywhere;
      }

      .body {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-4);
      }

      .progress {
        display: flex;
        align-items: center;
        gap: var(--space-3);
        font-size: var(--text-sm);
      }

      tm-state-bar {
        flex: 1;
      }

      dl {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(210px, 100%), 1fr));
        gap: var(--space-3) var(--space-5);
        font-size: var(--text-sm);
      }

      @media (max-width: 560px) {
        dl {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }

        dl > div:first-child {
          grid-column: 1 / -1;
        }
      }

      dt {
        color: var(--text-muted);
      }

      dd {
        overflow-wrap: anywhere;
      }

      .id {
        display: flex;
        align-items: center;
        gap: var(--space-2);
      }

      .id code {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      ul {
        list-style: none;
      }

      a {
        color: var(--accent);
      }
    `,
  ]
  static override properties = {
    workflow: { attribute: false },
    caller: { attribute: false },
    feed: { attribute: false },
  }

  declare workflow: WorkflowDetails
  declare caller: Caller
  declare feed: MeshFeed | undefined

  constructor() {
    super()
    new Ticker(this)
  }

  override render() {
    const { workflow } = this
    const { error, step_counts } = workflow
    return html`
      <section class="panel" aria-labelledby="title">
        <header>
          <div class="title">
            <h2 id="title">${workflow.name}${workflow.version === undefined ? nothing : html` <span class="muted">${workflow.version}</span>`}</h2>
            <tm-state state=${workflow.state}></tm-state>
          </div>
          ${
            mayChange(this.caller, workflow)
              ? html`<tm-workflow-actions .workflow=${workflow} .feed=${this.feed}></tm-workflow-actions>`
              : nothing
          }
        </header>
        <div class="body">
          ${
            error === undefined
              ? nothing
              : html`<tm-notice tone=${workflow.state === 'failed' ? 'bad' : 'warn'} heading=${error.code}><p>${error.message}</p></tm-notice>`
          }
          ${questions(workflow)}
          <div class="progress">
            <tm-state-bar label="Steps" .counts=${stepCounts(step_counts)}></tm-state-bar>
            <span>${endedSteps(step_counts)} steps ended</span>
          </div>
          <dl>${facts(workflow)}</dl>
        </div>
      </section>
    `
  }
}

/** What it asks people; the first few, as there may be many. */
function questions({ workflow_id, steps }: WorkflowDetails) {
  const asking = steps.filter(({ state, signal }) => state === 'waiting' && signal !== undefined)
  if (asking.length === 0) return nothing
  const rest = asking.length - MAX_QUESTIONS
  return html`<tm-notice tone="warn" role="status" heading="It waits for an answer.">
    <ul>
      ${asking
        .slice(0, MAX_QUESTIONS)
        .map(
          ({ id, message, signal }) =>
            html`<li><a href=${hashOf({ page: 'workflow', id: workflow_id, step: id })}>${message ?? html`Signal “${signal}”`}</a></li>`,
        )}
      ${rest > 0 ? html`<li class="muted">and ${rest} more</li>` : nothing}
    </ul>
  </tm-notice>`
}

function facts(workflow: WorkflowDetails) {
  const { owner, parent } = workflow
  const labels = Object.entries(workflow.labels).map(([name, value]) => `${name}=${value}`)
  return html`
    <div><dt>Workflow</dt><dd class="id"><code title=${workflow.workflow_id}>${workflow.workflow_id}</code><tm-copy .text=${workflow.workflow_id} label="Copy the workflow id"></tm-copy></dd></div>
    <div><dt>Submitted</dt><dd>${new Date(workflow.created_at).toLocaleString()} by ${workflow.principal}</dd></div>
    <div><dt>${workflow.ended_at === undefined ? 'So far' : 'Took'}</dt><dd>${workflowTime(workflow, Date.now())}</dd></div>
    ${workflow.generation === 1 ? nothing : html`<div><dt>Generation</dt><dd>${workflow.generation}</dd></div>`}
    <div><dt>Owner</dt><dd title=${owner.why}>${ownerText(workflow)}</dd></div>
    ${workflow.failed_steps === 0 ? nothing : html`<div><dt>Failed steps</dt><dd>${workflow.failed_steps}, borne</dd></div>`}
    ${
      parent === undefined
        ? nothing
        : html`<div><dt>Part of</dt><dd><a href=${hashOf({ page: 'workflow', id: parent.workflow_id, step: parent.step })}>${parent.step}${parent.item === undefined ? nothing : `, item ${parent.item}`}</a></dd></div>`
    }
    ${labels.length === 0 ? nothing : html`<div><dt>Labels</dt><dd>${labels.join(', ')}</dd></div>`}
  `
}

function ownerText({ owner }: WorkflowDetails) {
  const peer = (id: string) => html`<code title=${id}>${shortPeerId(id)}</code>`
  switch (owner.state) {
    case 'owned':
      return html`${owner.node === undefined ? 'this node' : peer(owner.node)}, fence ${owner.fence}`
    case 'unowned':
      return 'nobody at the moment; the next engine takes it'
    case 'moving':
      return html`on its way${owner.moved_to === undefined ? nothing : html` to ${peer(owner.moved_to)}`}`
    case 'moved':
      return html`moved${owner.moved_to === undefined ? nothing : html` to ${peer(owner.moved_to)}`}`
    case 'ended':
      return 'ended, needs none'
  }
}

customElements.define('tm-workflow-summary', WorkflowSummary)
