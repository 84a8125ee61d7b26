import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import { baseStyles } from '../../design/base-styles.ts'
import { panelStyles } from '../../design/panel-styles.ts'
import { tableStyles } from '../../design/table-styles.ts'
import { Ticker } from '../../design/ticker.ts'
import { type PeerFigures, peerFiguresSchema } from '../../feed/known-peer-schemas.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { plainMessage } from '../../feed/plain-message.ts'
import { formatBytes } from '../../format/bytes.ts'
import { formatDuration, formatElapsed } from '../../format/duration.ts'
import { formatCount } from '../../format/number.ts'
import { pathName } from '../../format/path.ts'
import { hashOf } from '../route.ts'
import type { Caller } from '../workflows/caller.ts'
import { standingOf } from './standing.ts'
import '../../design/copy-button.ts'
import '../../design/notice.ts'
import '../../design/status.ts'
import './diagnosis.ts'

/** One peer, live: how it is, where it can be reached and who told of that, and a diagnosis on demand. */
export class PeerPage extends LitElement {
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

      .back {
        color: var(--accent);
        font-size: var(--text-sm);
      }

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
        gap: 0 var(--space-2);
        min-width: 0;
        overflow-wrap: anywhere;
      }

      .address {
        overflow-wrap: anywhere;
      }

      .bad {
        color: var(--bad);
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
    peerId: { attribute: false },
    caller: { attribute: false },
    feed: { attribute: false },
    peer: { state: true },
    problem: { state: true },
  }

  declare peerId: string
  declare caller: Caller
  declare feed: MeshFeed
  declare peer: PeerFigures | undefined
  declare problem: string | undefined

  #stop: () => void = () => {}

  constructor() {
    super()
    new Ticker(this)
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
    if (changed.has('peerId') || changed.has('feed')) this.#watch()
  }

  override render() {
    const { peer, problem, caller, feed, peerId } = this
    return html`
      <nav aria-label="Back"><a class="back" href=${hashOf({ page: 'peers' })}>← All peers</a></nav>
      ${problem === undefined ? nothing : html`<tm-notice tone="bad" role="alert" heading="This peer cannot be shown."><p>${problem}</p></tm-notice>`}
      ${peer === undefined ? (problem === undefined ? html`<p class="muted" role="status">Reading the peer…</p>` : nothing) : html`${facts(peer)} ${addresses(peer)}`}
      <tm-diagnosis .peerId=${peerId} .feed=${feed} ?allowed=${caller.roles.includes('admin')}></tm-diagnosis>
    `
  }

  #watch(): void {
    this.#stop()
    const { peerId, feed } = this
    if (peerId !== this.peer?.peer_id) this.peer = undefined
    this.#stop = feed.watch({
      uri: 'mesh://peers',
      read: session => session.call('p2p_peer_metrics', { peer_id: peerId }, peerFiguresSchema),
      show: ({ peer }) => {
        this.peer = peer
        this.problem = undefined
      },
      failed: error => {
        this.problem = plainMessage(error)
      },
    })
  }
}

function facts(peer: PeerFigures) {
  const { peer_id, name, kind, agent, labels, path, direction, rtt_ms, tools, capacity, running } = peer
  const { relays, traffic, first_seen, last_seen, connected } = peer
  const { tone, word, meaning } = standingOf(peer)
  const rows: [string, unknown][] = [
    ['Peer id', html`<code>${peer_id}</code> <tm-copy .text=${peer_id} label="Copy the peer id"></tm-copy>`],
    ['State', html`<tm-status tone=${tone}>${word}</tm-status> <span class="muted">${meaning}</span>`],
    ...(connected && path !== undefined
      ? [
          ['Path', `${pathName(path)}, ${direction === 'inbound' ? 'it came here' : 'from here'}`] as [
            string,
            unknown,
          ],
        ]
      : []),
    ['Round trip', rtt_ms === undefined ? '–' : formatDuration(rtt_ms)],
    ...(traffic === undefined
      ? []
      : [
          [
            'Traffic',
            `${formatBytes(traffic.received.bytes)} received, ${formatBytes(traffic.sent.bytes)} sent over this session`,
          ] as [string, unknown],
        ]),
    ['Tools', tools === undefined ? 'not known' : formatCount(tools)],
    ...(capacity === undefined
      ? []
      : [
          ['Runs', `${formatCount(running ?? 0)} of ${formatCount(capacity)}, by its own word`] as [
            string,
            unknown,
          ],
        ]),
    ['Program', agent ?? 'not known'],
    ['Labels', labels.length === 0 ? '–' : labels.join(', ')],
    ...(relays ? [['Relay', 'it relays for peers that hold a grant there'] as [string, unknown]] : []),
    ['First seen', new Date(first_seen).toLocaleString()],
    ['Last seen', connected ? 'now' : new Date(last_seen).toLocaleString()],
  ]
  return html`
    <section class="panel" aria-labelledby="facts">
      <header><h2 id="facts">${name ?? 'Peer'}</h2><span class="muted">${kind ?? ''}</span></header>
      <div class="body"><dl>${rows.map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl></div>
    </section>
  `
}

function addresses({ addresses, last_dials, kind }: PeerFigures) {
  const last = new Map(last_dials.map(dial => [dial.address.replace(/\/p2p\/[^/]+$/, ''), dial] as const))
  return html`
    <section class="panel" aria-labelledby="addresses">
      <header><h2 id="addresses">Addresses</h2><span class="muted">${formatCount(addresses.length)}</span></header>
      ${
        addresses.length === 0
          ? html`<p class="empty">${kind === 'tab' ? 'A tab has none: it comes to its node by itself.' : 'None is known.'}</p>`
          : html`<div class="scroll" tabindex="0" role="region" aria-label="Addresses">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Path</th>
                    <th scope="col">Address</th>
                    <th scope="col" class="wide">Told by</th>
                    <th scope="col" class="num medium">Worked</th>
                    <th scope="col" class="num medium">Failures</th>
                    <th scope="col" class="num medium">Dial</th>
                  </tr>
                </thead>
                <tbody>
                  ${addresses.map(each => {
                    const why = last.get(each.address)?.steps.findLast(({ error }) => error !== undefined)
                    const worked =
                      each.last_success === undefined
                        ? '–'
                        : `${formatElapsed(Date.now() - Date.parse(each.last_success))} ago`
                    return html`<tr>
                      <td class="nowrap">${pathName(each.path)}</td>
                      <td>
                        <code class="address">${each.address}</code>
                        ${why?.error === undefined ? nothing : html`<div class="bad">${why.step}: ${why.error.message}</div>`}
                        <div class="narrow">worked ${worked}, ${each.failures} failures since</div>
                      </td>
                      <td class="wide">${each.sources.join(', ')}</td>
                      <td class="num medium">${worked}</td>
                      <td class="num medium">${formatCount(each.failures)}</td>
                      <td class="num medium">${each.dial_ms === undefined ? '–' : formatDuration(each.dial_ms)}</td>
                    </tr>`
                  })}
                </tbody>
              </table>
            </div>`
      }
    </section>
  `
}

customElements.define('tm-peer-page', PeerPage)
