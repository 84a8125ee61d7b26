import { css, html, LitElement, nothing } from 'lit'
import type { TabState } from '../../src/browser/tab-contract.ts'
import { baseStyles } from '../design/base-styles.ts'
import { buttonStyles } from '../design/button-styles.ts'
import { panelStyles } from '../design/panel-styles.ts'
import '../design/copy-button.ts'
import '../design/status.ts'
import { unreachedReport, unreachedText } from './dial-text.ts'

/** Why the node cannot be reached: each address that was tried, and what to do. Fires `tm-retry`. */
export class UnreachedNode extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    panelStyles,
    css`
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
      }

      .body {
        display: grid;
        gap: var(--space-4);
      }

      .advice,
      .dials {
        display: grid;
        gap: var(--space-2);
        list-style: none;
      }

      .advice li {
        padding-left: var(--space-3);
        border-left: 3px solid var(--warn);
      }

      h3 {
        margin-bottom: var(--space-2);
        font-size: var(--text-sm);
        font-weight: 600;
      }

      .dials {
        gap: 0;
        border: 1px solid var(--border);
        border-radius: var(--radius-sm);
        font-size: var(--text-sm);
      }

      .dials li {
        display: grid;
        gap: 2px;
        padding: var(--space-2) var(--space-3);
      }

      .dials li + li {
        border-top: 1px solid var(--border);
      }

      .first {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0 var(--space-3);
      }

      tm-status {
        font-weight: 500;
        white-space: normal;
      }

      code {
        color: var(--text-muted);
        font-size: var(--text-xs);
        overflow-wrap: anywhere;
      }
    `,
  ]
  static override properties = { state: { attribute: false } }

  declare state: TabState | undefined

  override render() {
    const { unreached, node_peer_id: nodePeerId, retry_at } = this.state ?? {}
    if (unreached === undefined) return nothing
    const { meaning, advice, dials } = unreachedText(unreached)
    const facts = { page: location.origin, browser: navigator.userAgent, nodePeerId }
    return html`
      <section class="panel" aria-labelledby="title">
        <header>
          <h2 id="title">Why the node is not reached</h2>
          <div class="actions">
            <tm-copy .text=${unreachedReport(unreached, facts)}>Copy report</tm-copy>
            <button class="small" type="button" ?disabled=${retry_at === undefined} @click=${this.#retry}>
              ${retry_at === undefined ? 'Trying…' : 'Try again now'}
            </button>
          </div>
        </header>
        <div class="body">
          <p>${meaning}</p>
          <div>
            <h3>What to do</h3>
            <ul class="advice">${advice.map(text => html`<li>${text}</li>`)}</ul>
          </div>
          ${
            dials.length === 0
              ? nothing
              : html`<div>
                  <h3>What was tried</h3>
                  <ul class="dials">
                    ${dials.map(
                      dial => html`<li>
                        <span class="first">
                          <tm-status tone="bad">${dial.path}</tm-status><span class="muted">${dial.took}</span>
                        </span>
                        <span>${dial.meaning}</span>
                        <code>${dial.said}</code>
                        <code>${dial.address}</code>
                      </li>`,
                    )}
                  </ul>
                </div>`
          }
        </div>
      </section>
    `
  }

  #retry(): void {
    this.dispatchEvent(new Event('tm-retry'))
  }
}

customElements.define('tm-unreached', UnreachedNode)
