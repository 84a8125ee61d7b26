import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { baseStyles } from '../../design/base-styles.ts'
import { panelStyles } from '../../design/panel-styles.ts'
import { tableStyles } from '../../design/table-styles.ts'
import { Ticker } from '../../design/ticker.ts'
import {
  type KnownPeer,
  type KnownPeers,
  knownPeersSchema,
  type MeshFigures,
  meshFiguresSchema,
  type Reach,
  reachSchema,
} from '../../feed/known-peer-schemas.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { MeshAnswerError } from '../../feed/mesh-session.ts'
import { plainMessage } from '../../feed/plain-message.ts'
import { formatDuration, formatElapsed } from '../../format/duration.ts'
import { formatCount } from '../../format/number.ts'
import { pathName } from '../../format/path.ts'
import { shortPeerId } from '../../format/peer-id.ts'
import { hashOf } from '../route.ts'
import type { Caller } from '../workflows/caller.ts'
import { standingOf } from './standing.ts'
import '../../design/notice.ts'
import '../../design/status.ts'
import './diagnosis.ts'
import './reach.ts'
import './sources.ts'

/** Peers on the page; the rest is counted. */
const MAX_ROWS = 200

/** Read at once, so that the page shows one moment. */
interface MeshView {
  peers: KnownPeers
  figures: MeshFigures
  reach: Reach
}

/** All peers that this node knows, connected or only heard of; how it is reached; and how it finds peers. */
export class PeerListPage extends LitElement {
  static override styles = [
    baseStyles,
    panelStyles,
    tableStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-4);
      }

      .pair {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-4);
        align-items: start;
      }

      @media (min-width: 1000px) {
        .pair {
          grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
        }
      }

      a {
        color: var(--text);
        font-weight: 500;
        text-decoration: none;
      }

      a:hover {
        color: var(--accent);
        text-decoration: underline;
      }

      .kind {
        margin-left: 4px;
        padding: 0 6px;
        border: 1px solid var(--border);
        border-radius: 4px;
        color: var(--text-muted);
        font-size: var(--text-xs);
        line-height: 18px;
      }

      .narrow {
        color: var(--text-muted);
        font-size: var(--text-xs);
      }

      .empty {
        padding: var(--space-4);
        color: var(--text-muted);
      }
    `,
  ]
  static override properties = {
    caller: { attribute: false },
    feed: { attribute: false },
    view: { state: true },
    problem: { state: true },
    isOff: { state: true },
  }

  declare caller: Caller
  declare feed: MeshFeed
  declare view: MeshView | undefined
  declare problem: string | undefined
  /** The mesh of this node is switched off. */
  declare isOff: boolean

  #stop: () => void = () => {}

  constructor() {
    super()
    new Ticker(this)
    this.isOff = false
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
    if (changed.has('feed')) this.#watch()
  }

  override render() {
    const { view, problem, isOff, caller, feed } = this
    if (isOff) {
      return html`<tm-notice heading="The mesh is switched off.">
        <p>This node has no peers, and runs everything itself. Set <code>p2p.enabled</code> to true and start it again to change that.</p>
      </tm-notice>`
    }
    return html`
      ${problem === undefined ? nothing : html`<tm-notice tone="bad" role="alert" heading="The peers cannot be read."><p>${problem}</p></tm-notice>`}
      <section class="panel" aria-labelledby="title">
        <header>
          <h2 id="title">Peers</h2>
          ${view === undefined ? nothing : html`<span class="muted">${this.#counts(view)}</span>`}
        </header>
        ${view === undefined ? html`<p class="empty" role="status">${problem === undefined ? 'Reading…' : nothing}</p>` : this.#table(view.peers)}
      </section>
      ${
        view === undefined
          ? nothing
          : html`<div class="pair">
              <tm-reach .reach=${view.reach}></tm-reach>
              <tm-sources .figures=${view.figures}></tm-sources>
            </div>`
      }
      <tm-diagnosis .feed=${feed} ?allowed=${caller.roles.includes('admin')}></tm-diagnosis>
    `
  }

  #counts({ peers }: MeshView): string {
    const connected = peers.peers.filter(peer => peer.connected).length
    return `${formatCount(connected)} connected of ${formatCount(peers.known)} known`
  }

  #table({ peers, known }: KnownPeers) {
    if (peers.length === 0) {
      return html`<p class="empty">
        No peer is known yet. Press <strong>Join with a tab</strong>, join another node with
        <code>toolmesh connect</code>, or switch on a source of peers.
      </p>`
    }
    return html`
      <div class="scroll" tabindex="0" role="region" aria-label="Known peers">
        <table>
          <thead>
            <tr>
              <th scope="col">Peer</th>
              <th scope="col">State</th>
              <th scope="col" class="medium">Path</th>
              <th scope="col" class="num medium">Round trip</th>
              <th scope="col" class="num wide">Addresses</th>
              <th scope="col" class="wide">Told by</th>
              <th scope="col" class="num">Seen</th>
            </tr>
          </thead>
          <tbody>
            ${repeat(peers, ({ peer_id }) => peer_id, row)}
          </tbody>
        </table>
      </div>
      ${known > peers.length ? html`<p class="empty">and ${formatCount(known - peers.length)} more</p>` : nothing}
    `
  }

  #watch(): void {
    this.#stop()
    this.#stop = this.feed.watch({
      uri: 'mesh://peers',
      read: async session => {
        const [peers, figures, reach] = await Promise.all([
          session.call('p2p_peer_discover', { limit: MAX_ROWS }, knownPeersSchema),
          session.call('p2p_peer_metrics', {}, meshFiguresSchema),
          session.call('p2p_peer_get_public_ip', {}, reachSchema),
        ])
        return { peers, figures, reach }
      },
      show: view => {
        this.view = view
        this.problem = undefined
        this.isOff = false
      },
      failed: error => {
        this.isOff = error instanceof MeshAnswerError && error.message.includes('p2p.enabled')
        this.problem = this.isOff ? undefined : plainMessage(error)
      },
    })
  }
}

function row(peer: KnownPeer) {
  const { peer_id, kind, name, path, rtt_ms, addresses, last_seen, connected } = peer
  const { tone, word, meaning } = standingOf(peer)
  const sources = [...new Set(addresses.flatMap(({ sources }) => sources))]
  const by = path === undefined ? '–' : pathName(path)
  const roundTrip = rtt_ms === undefined ? '–' : formatDuration(rtt_ms)
  return html`
    <tr>
      <td>
        <a href=${hashOf({ page: 'peer', id: peer_id })} title=${peer_id}>${name ?? html`<code>${shortPeerId(peer_id)}</code>`}</a>
        ${kind === undefined ? nothing : html`<span class="kind">${kind}</span>`}
        ${connected ? html`<div class="narrow">${by}, ${roundTrip}</div>` : nothing}
      </td>
      <td><tm-status tone=${tone} title=${meaning}>${word}</tm-status></td>
      <td class="medium nowrap">${by}</td>
      <td class="num medium">${roundTrip}</td>
      <td class="num wide">${formatCount(addresses.length)}</td>
      <td class="wide">${sources.length === 0 ? '–' : sources.join(', ')}</td>
      <td class="num" title=${new Date(last_seen).toLocaleString()}>${connected ? 'now' : `${formatElapsed(Date.now() - Date.parse(last_seen))} ago`}</td>
    </tr>
  `
}

customElements.define('tm-peer-list', PeerListPage)
