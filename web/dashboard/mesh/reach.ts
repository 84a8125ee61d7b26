import { css, html, LitElement, nothing } from 'lit'
import { baseStyles } from '../../design/base-styles.ts'
import { panelStyles } from '../../design/panel-styles.ts'
import type { Tone } from '../../design/status.ts'
import type { Reach } from '../../feed/known-peer-schemas.ts'
import { shortPeerId } from '../../format/peer-id.ts'
import '../../design/copy-button.ts'
import '../../design/status.ts'

const NAT: Readonly<Record<Reach['nat'], { tone: Tone; text: string }>> = {
  public: { tone: 'ok', text: 'Others reach this node' },
  private: { tone: 'warn', text: 'Others cannot open a connection to this node' },
  unknown: { tone: 'muted', text: 'Not known yet: no peer has tried' },
}

const STATES: Readonly<Record<Reach['addresses'][number]['state'], { tone: Tone; meaning: string }>> = {
  confirmed: { tone: 'ok', meaning: 'Somebody reached it there' },
  observed: { tone: 'info', meaning: 'Somebody saw it there' },
  listening: { tone: 'muted', meaning: 'It listens there' },
}

/** How this node is reached: from outside, through relays, and its addresses. */
export class ReachPanel extends LitElement {
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      dl {
        display: grid;
        grid-template-columns: max-content minmax(0, 1fr);
        gap: var(--space-2) var(--space-5);
        font-size: var(--text-sm);
      }

      dt {
        color: var(--text-muted);
      }

      dd tm-status {
        white-space: normal;
      }

      ul {
        border-top: 1px solid var(--border);
        font-size: var(--text-sm);
        list-style: none;
      }

      li {
        display: flex;
        align-items: flex-start;
        gap: var(--space-3);
        padding: var(--space-2) var(--space-4);
      }

      li + li {
        border-top: 1px solid var(--border);
      }

      li code {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }

      li tm-status {
        flex: 0 0 90px;
      }
    `,
  ]
  static override properties = { reach: { attribute: false } }

  declare reach: Reach | undefined

  override render() {
    const { reach } = this
    if (reach === undefined) return nothing
    const { nat, public_ips, relays, addresses } = reach
    return html`
      <section class="panel" aria-labelledby="title">
        <header><h2 id="title">How this node is reached</h2></header>
        <div class="body">
          <dl>
            <dt>From outside</dt>
            <dd><tm-status tone=${NAT[nat].tone}>${NAT[nat].text}</tm-status></dd>
            <dt>Public address</dt>
            <dd>${public_ips.length === 0 ? 'not known' : public_ips.map(({ ip, source }) => `${ip} (${source})`).join(', ')}</dd>
            <dt>Relays</dt>
            <dd>${relays.length === 0 ? 'none' : relays.map(({ peer_id }) => html`<code title=${peer_id}>${shortPeerId(peer_id)}</code> `)}</dd>
          </dl>
        </div>
        <ul aria-label="Addresses of this node">
          ${addresses.map(({ address, state }) => {
            const short = address.replace(/\/p2p\/[^/]+$/, '')
            return html`<li>
              <tm-status tone=${STATES[state].tone} title=${STATES[state].meaning}>${state}</tm-status>
              <code>${short}</code>
              <tm-copy .text=${address} label=${`Copy ${short}`}></tm-copy>
            </li>`
          })}
        </ul>
      </section>
    `
  }
}

customElements.define('tm-reach', ReachPanel)
