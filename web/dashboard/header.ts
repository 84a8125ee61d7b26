import { css, html, LitElement, nothing } from 'lit'
import type { OverviewView } from '../../src/shared/mcp/views.ts'
import { baseStyles } from '../design/base-styles.ts'
import { logo } from '../design/logo.ts'
import type { Tone } from '../design/status.ts'
import { Ticker } from '../design/ticker.ts'
import type { Connection, MeshFeed } from '../feed/mesh-feed.ts'
import { formatElapsed } from '../format/duration.ts'
import '../design/copy-button.ts'
import '../design/status.ts'
import '../design/theme-toggle.ts'
import './invite.ts'

const STATE_TONES: Record<OverviewView['state'], Tone> = { ready: 'ok', draining: 'warn', degraded: 'bad' }

/** Which node this is, how it is, where clients connect, and the way to let a tab join. */
export class Header extends LitElement {
  static override styles = [
    baseStyles,
    css`
      :host {
        border-bottom: 1px solid var(--border);
        background: var(--surface);
      }

      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-2) var(--space-5);
        max-width: 1440px;
        margin: 0 auto;
        padding: var(--space-3) var(--space-5);
      }

      .name {
        display: flex;
        align-items: center;
        gap: var(--space-3);
        min-width: 0;
      }

      h1 {
        overflow: hidden;
        font-size: var(--text-lg);
        font-weight: 650;
        line-height: 1.25;
        letter-spacing: -0.01em;
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      .facts {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 var(--space-3);
        color: var(--text-muted);
        font-size: var(--text-sm);
        white-space: nowrap;
      }

      .url {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        min-width: 0;
        padding: 3px 3px 3px var(--space-3);
        border: 1px solid var(--border);
        border-radius: var(--radius-sm);
        background: var(--surface-sunken);
        font-size: var(--text-sm);
      }

      .url code {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      .actions {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        margin-left: auto;
      }

      @media (max-width: 820px) {
        header {
          display: grid;
          grid-template-columns: minmax(0, 1fr) auto;
          padding: var(--space-3);
        }

        .url,
        .invite {
          grid-column: 1 / -1;
        }

        .url code {
          flex: 1;
        }

        .theme {
          grid-area: 1 / 2;
        }

        .actions {
          display: contents;
        }
      }
    `,
  ]
  static override properties = {
    overview: { attribute: false },
    overviewAt: { attribute: false },
    connection: { attribute: false },
    feed: { attribute: false },
  }

  declare overview: OverviewView | undefined
  /** Epoch milliseconds at which the overview was read; its uptime counts on from there. */
  declare overviewAt: number
  declare connection: Connection
  declare feed: MeshFeed | undefined

  constructor() {
    super()
    new Ticker(this)
    this.overviewAt = 0
    this.connection = { phase: 'connecting' }
  }

  override render() {
    const url = new URL('/mcp', location.origin).href
    return html`
      <header>
        <div class="name">
          ${logo}
          <div>
            <h1>${this.overview?.name ?? 'toolmesh'}</h1>
            <div class="facts">${this.#facts()}</div>
          </div>
        </div>
        <div class="url">
          <span class="muted">MCP</span><code>${url}</code>
          <tm-copy .text=${url} label="Copy the MCP URL"></tm-copy>
        </div>
        <div class="actions">
          <tm-invite class="invite" .feed=${this.feed} .disabled=${this.connection.phase !== 'online'}></tm-invite>
          <tm-theme-toggle class="theme"></tm-theme-toggle>
        </div>
      </header>
    `
  }

  #facts() {
    const { overview, connection } = this
    if (connection.phase === 'reconnecting') return html`<tm-status tone="warn">reconnecting</tm-status>`
    if (overview === undefined) return html`<tm-status>connecting</tm-status>`
    const uptime = overview.uptime_ms + (Date.now() - this.overviewAt)
    return html`
      <tm-status tone=${STATE_TONES[overview.state]}>${overview.state}</tm-status>
      <span title=${`since ${overview.started_at}`}>up ${formatElapsed(uptime)}</span>
      ${overview.version === '' ? nothing : html`<span>v${overview.version}</span>`}
    `
  }
}

customElements.define('tm-header', Header)
