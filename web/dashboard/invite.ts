import { css, html, LitElement, nothing } from 'lit'
import { baseStyles } from '../design/base-styles.ts'
import { buttonStyles } from '../design/button-styles.ts'
import type { MeshFeed } from '../feed/mesh-feed.ts'
import { plainMessage } from '../feed/plain-message.ts'
import { inviteSchema } from '../feed/view-schemas.ts'
import '../design/copy-button.ts'

/** A link is for the tab that is opened now, or for a device at hand. */
const INVITE_TTL_S = 600

/** Makes an invite for one tab, opens it in a new tab, and keeps the link to copy for another device. */
export class Invite extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      :host {
        position: relative;
      }

      .buttons {
        display: flex;
        gap: var(--space-2);
      }

      .made {
        position: absolute;
        top: calc(100% + 8px);
        right: 0;
        z-index: 10;
        width: min(420px, calc(100vw - 24px));
        padding: var(--space-4);
        border: 1px solid var(--border);
        border-radius: var(--radius);
        background: var(--surface);
        box-shadow: var(--shadow-raised);
        font-size: var(--text-sm);
      }

      .made h2 {
        font-size: var(--text-md);
        font-weight: 600;
      }

      .link {
        display: block;
        margin: var(--space-3) 0;
        padding: var(--space-2) var(--space-3);
        border: 1px solid var(--border);
        border-radius: var(--radius-sm);
        background: var(--surface-sunken);
        overflow-wrap: anywhere;
        user-select: all;
      }

      .row {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
      }

      .row .close {
        margin-left: auto;
      }

      .error {
        color: var(--bad);
      }

      @media (max-width: 820px) {
        .buttons > * {
          flex: 1;
        }

        .made {
          right: auto;
          left: 0;
        }
      }
    `,
  ]
  static override properties = {
    feed: { attribute: false },
    disabled: { type: Boolean },
    busy: { state: true },
    url: { state: true },
    error: { state: true },
  }

  declare feed: MeshFeed | undefined
  declare disabled: boolean
  declare busy: boolean
  declare url: string | undefined
  declare error: string | undefined

  constructor() {
    super()
    this.disabled = false
    this.busy = false
  }

  override render() {
    const disabled = this.disabled || this.busy
    return html`
      <div class="buttons">
        <button type="button" ?disabled=${disabled} @click=${() => this.#make(false)}>Get a join link</button>
        <button class="primary" type="button" ?disabled=${disabled} @click=${() => this.#make(true)}>
          Join with a tab
        </button>
      </div>
      <div role="status">${this.#outcome()}</div>
    `
  }

  #outcome() {
    if (this.error !== undefined) {
      return html`<div class="made" @keydown=${this.#onKey}>
        <p class="error">${this.error}</p>
        <div class="row"><button class="small quiet close" type="button" @click=${this.#close}>Close</button></div>
      </div>`
    }
    if (this.url === undefined) return nothing
    return html`
      <div class="made" @keydown=${this.#onKey}>
        <h2>Join link</h2>
        <p class="muted">For one tab, within 10 minutes. Open it in any browser that reaches this node.</p>
        <code class="link">${this.url}</code>
        <div class="row">
          <tm-copy .text=${this.url} label="Copy the join link">Copy link</tm-copy>
          <a class="button small" href=${this.url} target="_blank" rel="noopener" @click=${this.#close}>Open in a tab</a>
          <button class="small quiet close" type="button" @click=${this.#close}>Close</button>
        </div>
      </div>
    `
  }

  async #make(open: boolean): Promise<void> {
    this.busy = true
    this.#close()
    try {
      const session = this.feed?.session
      if (session === undefined) throw new Error('Not connected to the node at the moment.')
      const { url } = await session.call(
        'p2p_invite_create',
        { roles: ['work'], uses: 1, ttl_s: INVITE_TTL_S },
        inviteSchema,
      )
      if (open) window.open(url, '_blank', 'noopener')
      else this.url = url
    } catch (error) {
      this.error = `No join link: ${plainMessage(error)}`
    } finally {
      this.busy = false
    }
  }

  #close = (): void => {
    this.url = undefined
    this.error = undefined
  }

  #onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') this.#close()
  }
}

customElements.define('tm-invite', Invite)
