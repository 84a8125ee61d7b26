import { css, html, LitElement, nothing } from 'lit'
import type { TabState } from '../../src/browser/tab-contract.ts'
import { baseStyles } from '../design/base-styles.ts'
import { panelStyles } from '../design/panel-styles.ts'
import { formatDuration } from '../format/duration.ts'
import { pathName } from '../format/path.ts'
import { shortPeerId } from '../format/peer-id.ts'
import '../design/copy-button.ts'

/** Who this tab is in the mesh, and how it is connected. */
export class ConnectionFacts extends LitElement {
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      dl {
        display: grid;
        grid-template-columns: max-content minmax(0, 1fr);
        gap: var(--space-2) var(--space-5);
        align-items: center;
        font-size: var(--text-sm);
      }

      dt {
        color: var(--text-muted);
      }

      dd {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-2);
        min-height: 28px;
      }
    `,
  ]
  static override properties = { state: { attribute: false } }

  declare state: TabState | undefined

  override render() {
    const { state } = this
    if (state === undefined) return nothing
    return html`
      <section class="panel" aria-labelledby="title">
        <header><h2 id="title">Connection</h2></header>
        <div class="body">
          <dl>
            <dt>This tab</dt>
            <dd>${peerId(state.peer_id, 'Copy the peer id of this tab')}</dd>
            <dt>Node</dt>
            <dd>${peerId(state.node_peer_id, 'Copy the peer id of the node')}</dd>
            <dt>Path</dt>
            <dd>${state.path === undefined ? '–' : pathName(state.path)}</dd>
            <dt>Round trip</dt>
            <dd>${state.rtt_ms === undefined ? '–' : formatDuration(state.rtt_ms)}</dd>
            <dt>Identity</dt>
            <dd>
              ${state.slot === undefined ? '–' : `slot ${state.slot}`}
              <span class="muted">kept in this browser, the same after a reload</span>
            </dd>
          </dl>
        </div>
      </section>
    `
  }
}

function peerId(id: string | undefined, label: string) {
  if (id === undefined) return '–'
  return html`<code title=${id}>${shortPeerId(id)}</code><tm-copy .text=${id} label=${label}></tm-copy>`
}

customElements.define('tm-connection-facts', ConnectionFacts)
