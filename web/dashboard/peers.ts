import { css, html, LitElement, nothing } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { PeerView } from '../../src/shared/mcp/views.ts'
import { baseStyles } from '../design/base-styles.ts'
import { panelStyles } from '../design/panel-styles.ts'
import { tableStyles } from '../design/table-styles.ts'
import type { MeshFeed } from '../feed/mesh-feed.ts'
import { formatDuration } from '../format/duration.ts'
import { formatCount } from '../format/number.ts'
import { pathName } from '../format/path.ts'
import { shortPeerId } from '../format/peer-id.ts'
import { hashOf } from './route.ts'
import '../design/status.ts'

/** More than this many rows help nobody; the rest is counted. */
const MAX_ROWS = 200

/** Who is in the mesh, over which transport, how far away and how busy. */
export class Peers extends LitElement {
  static override styles = [
    baseStyles,
    panelStyles,
    tableStyles,
    css`
      .panel {
        height: 100%;
      }

      .scroll {
        max-height: 330px;
        overflow-y: auto;
      }

      .peer {
        display: flex;
        align-items: baseline;
        gap: var(--space-2);
        white-space: nowrap;
      }

      a {
        color: inherit;
        text-decoration: none;
      }

      a:hover {
        color: var(--accent);
        text-decoration: underline;
      }

      .kind {
        padding: 0 6px;
        border: 1px solid var(--border);
        border-radius: 4px;
        color: var(--text-muted);
        font-size: var(--text-xs);
        line-height: 18px;
      }

      .narrow {
        font-size: var(--text-xs);
        white-space: nowrap;
      }

      .bad {
        color: var(--bad);
      }

      .hint,
      .more {
        padding: var(--space-3) var(--space-4);
        color: var(--text-muted);
        font-size: var(--text-sm);
      }

      .hint {
        border-top: 1px solid var(--border);
      }
    `,
  ]
  static override properties = { peers: { attribute: false } }

  declare peers: PeerView[] | undefined
  declare feed: MeshFeed | undefined

  override render() {
    const peers = this.peers ?? []
    const others = peers.filter(peer => !peer.self)
    const connected = others.filter(peer => peer.connected).length
    return html`
      <section class="panel" aria-labelledby="title">
        <header>
          <h2 id="title">Peers</h2>
          <span class="muted">${connected} connected</span>
        </header>
        <div class="scroll" tabindex="0" role="region" aria-label="Peers">
          <table>
            <thead>
              <tr>
                <th scope="col">Peer</th>
                <th scope="col">State</th>
                <th scope="col" class="medium">Path</th>
                <th scope="col" class="num medium">Round trip</th>
                <th scope="col" class="num" title="Attempts running there, and how many it allows">Running</th>
                <th scope="col" class="num medium">Done</th>
              </tr>
            </thead>
            <tbody>
              ${repeat(peers.slice(0, MAX_ROWS), peer => peer.peer_id, row)}
            </tbody>
          </table>
          ${peers.length > MAX_ROWS ? html`<p class="more">and ${formatCount(peers.length - MAX_ROWS)} more</p>` : nothing}
        </div>
        ${
          this.peers !== undefined && others.length === 0
            ? html`<p class="hint">
                Only this node so far. Press <strong>Join with a tab</strong>, or open a join link on another
                device: its browser then runs tools too.
              </p>`
            : nothing
        }
      </section>
    `
  }
}

function row(peer: PeerView) {
  const path = peer.path === undefined ? '–' : pathName(peer.path)
  const roundTrip = peer.rtt_ms === undefined ? '–' : formatDuration(peer.rtt_ms)
  return html`
    <tr>
      <td>
        <span class="peer" title=${[peer.peer_id, peer.agent].filter(Boolean).join('\n')}>
          ${peer.self ? html`<strong>This node</strong>` : html`<a href=${hashOf({ page: 'peer', id: peer.peer_id })}><code>${peer.name ?? shortPeerId(peer.peer_id)}</code></a>`}
          <span class="kind">${peer.kind}</span>
        </span>
        ${peer.path === undefined ? nothing : html`<span class="narrow muted">${path}, ${roundTrip}</span>`}
      </td>
      <td>
        ${
          peer.connected || peer.self
            ? peer.draining
              ? html`<tm-status tone="warn" title="It ends what it runs and gets nothing new">ending</tm-status>`
              : html`<tm-status tone="ok">${peer.self ? 'here' : 'connected'}</tm-status>`
            : html`<tm-status title=${`last seen ${peer.last_seen}`}>${peer.standing === 'heard' ? 'heard of' : 'away'}</tm-status>`
        }
      </td>
      <td class="nowrap medium">${path}</td>
      <td class="num medium">${roundTrip}</td>
      <td class="num">${peer.running} / ${peer.credits}</td>
      <td class="num medium">
        ${formatCount(peer.succeeded)}${peer.failed > 0 ? html`<span class="bad">, ${formatCount(peer.failed)} failed</span>` : nothing}
      </td>
    </tr>
  `
}

customElements.define('tm-peers', Peers)
