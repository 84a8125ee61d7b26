import { css, html, LitElement, nothing } from 'lit'
import { baseStyles } from '../../design/base-styles.ts'
import { buttonStyles } from '../../design/button-styles.ts'
import { Action } from '../../feed/action.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { submittedSchema } from '../../feed/workflow-schemas.ts'
import { hashOf } from '../route.ts'
import { EXAMPLE_WORKFLOW } from './example-workflow.ts'
import '../../design/copy-button.ts'
import '../../design/notice.ts'

/** What a client sends for a workflow of two steps. */
const SNIPPET = JSON.stringify(
  {
    name: 'p2p_workflow_submit',
    arguments: {
      workflow: {
        name: 'digest',
        steps: [
          { id: 'split', tool: 'text_chunk', params: { text: '…' } },
          {
            id: 'count',
            tool: 'text_token_count',
            for_each: { items: { $from: 'split', path: '/chunks' } },
            params: { text: { $from: 'item', path: '/text' } },
          },
        ],
      },
    },
  },
  null,
  2,
)

/** What to do on a node that has not had a workflow yet. */
export class NoWorkflows extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      .ways {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr));
        gap: var(--space-5);
        padding: var(--space-4) var(--space-4) var(--space-5);
      }

      h3 {
        font-size: var(--text-md);
        font-weight: 600;
      }

      p {
        margin: 2px 0 var(--space-3);
        color: var(--text-muted);
        font-size: var(--text-sm);
      }

      tm-notice {
        margin-top: var(--space-3);
      }

      .snippet {
        display: flex;
        align-items: flex-start;
        justify-content: space-between;
        gap: var(--space-2);
        padding: var(--space-2) var(--space-2) var(--space-2) var(--space-3);
        border: 1px solid var(--border);
        border-radius: var(--radius-sm);
        background: var(--surface-sunken);
      }

      pre {
        min-width: 0;
        max-height: 260px;
        margin: 0;
        padding: 4px 0;
        overflow: auto;
        font: var(--text-xs) / 1.5 var(--font-mono);
      }
    `,
  ]
  static override properties = { feed: { attribute: false }, allowed: { type: Boolean } }

  declare feed: MeshFeed | undefined
  /** Whether who looks may submit one. */
  declare allowed: boolean

  #action = new Action(this, () => this.feed)

  constructor() {
    super()
    this.allowed = false
  }

  override render() {
    const { busy, problem } = this.#action
    return html`
      <div class="ways">
        ${
          this.allowed
            ? html`<div>
                <h3>No workflows yet. See one work</h3>
                <p>Six steps on this node's own tools: it splits a text, counts its pieces side by side, and asks you before it reports.</p>
                <button class="primary" type="button" ?disabled=${busy} @click=${this.#run}>Run the example</button>
                ${problem === undefined ? nothing : html`<tm-notice tone="bad" role="alert" heading="That did not work.">${problem}</tm-notice>`}
              </div>`
            : html`<div><h3>No workflows yet</h3><p>What is submitted is shown here, live.</p></div>`
        }
        <div>
          <h3>Submit one from an MCP client</h3>
          <p>A graph of tool calls, as an argument of one tool:</p>
          <div class="snippet">
            <pre tabindex="0" aria-label="Call of p2p_workflow_submit">${SNIPPET}</pre>
            <tm-copy .text=${SNIPPET} label="Copy the call"></tm-copy>
          </div>
        </div>
      </div>
    `
  }

  #run = async (): Promise<void> => {
    const made = await this.#action.run(session =>
      session.call('p2p_workflow_submit', { workflow: EXAMPLE_WORKFLOW }, submittedSchema),
    )
    if (made !== undefined) location.hash = hashOf({ page: 'workflow', id: made.workflow_id })
  }
}

customElements.define('tm-no-workflows', NoWorkflows)
