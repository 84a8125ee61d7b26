import { html, LitElement, nothing } from 'lit'
import { baseStyles } from '../design/base-styles.ts'
import { buttonStyles } from '../design/button-styles.ts'
import { Ticker } from '../design/ticker.ts'
import type { Connection } from '../feed/mesh-feed.ts'
import '../design/notice.ts'

/** Says when the page is not connected, and what it does about it. */
export class ConnectionBanner extends LitElement {
  static override styles = [baseStyles, buttonStyles]
  static override properties = { connection: { attribute: false } }

  declare connection: Connection

  constructor() {
    super()
    new Ticker(this)
    this.connection = { phase: 'connecting' }
  }

  override updated(): void {
    this.hidden = this.connection.phase === 'online'
  }

  override render() {
    const { connection } = this
    if (connection.phase === 'connecting')
      return html`<p class="muted" role="status">Connecting to the node…</p>`
    if (connection.phase !== 'reconnecting') return nothing
    return html`
      <tm-notice tone="warn" role="status" heading="Reconnecting.">
        ${connection.reason} What you see is from before; nothing needs a reload.
        ${
          connection.retry_at === undefined
            ? html`<span aria-hidden="true">Trying now…</span>`
            : html`<span aria-hidden="true">Next try in ${secondsUntil(connection.retry_at)} s.</span>
                <button class="small" type="button" @click=${this.#retry}>Try now</button>`
        }
      </tm-notice>
    `
  }

  #retry(): void {
    this.dispatchEvent(new Event('tm-retry'))
  }
}

function secondsUntil(at: number): number {
  return Math.max(0, Math.ceil((at - Date.now()) / 1000))
}

customElements.define('tm-connection-banner', ConnectionBanner)
