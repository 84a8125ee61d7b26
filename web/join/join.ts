import { css, html, LitElement, type PropertyValues } from 'lit'
import type { Tab, TabState } from '../../src/browser/tab-contract.ts'
import { baseStyles } from '../design/base-styles.ts'
import { buttonStyles } from '../design/button-styles.ts'
import { logo } from '../design/logo.ts'
import { inviteIn } from './invite-fragment.ts'
import { pageTitle } from './phase.ts'
import '../design/notice.ts'
import '../design/theme-toggle.ts'
import './how-to-join.ts'
import './joined.ts'

/** The join page: makes this browser tab a peer, as long as it stays open. */
export class Join extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      header,
      main {
        width: min(720px, 100% - 24px);
        margin: 0 auto;
      }

      header {
        display: flex;
        align-items: center;
        gap: var(--space-3);
        padding: var(--space-4) 0;
      }

      h1 {
        flex: 1;
        font-size: var(--text-lg);
        font-weight: 650;
        letter-spacing: -0.01em;
      }

      main {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-4);
        padding-bottom: var(--space-6);
      }

      tm-notice button {
        margin-top: var(--space-3);
      }
    `,
  ]
  static override properties = { tabState: { state: true }, problem: { state: true } }

  declare tabState: TabState | undefined
  /** Why the tab could not even start. */
  declare problem: string | undefined

  #tab: Tab | undefined
  /** Kept until it has been used, so that a failed try can be repeated; from then on this tab has its grant. */
  #invite: string | undefined
  #unsubscribe: () => void = () => {}
  /** Raised by each start; what an older one brings is no longer wanted. */
  #generation = 0

  override connectedCallback(): void {
    super.connectedCallback()
    window.addEventListener('hashchange', this.#onHash)
    this.#takeInvite()
    if (isSecureContext) void this.#join()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    window.removeEventListener('hashchange', this.#onHash)
    window.removeEventListener('beforeunload', warnBeforeClosing)
    this.#unsubscribe()
  }

  override updated(changed: PropertyValues<this>): void {
    if (!changed.has('tabState') || this.tabState === undefined) return
    document.title = pageTitle(this.tabState)
    if (this.tabState.running.length > 0) window.addEventListener('beforeunload', warnBeforeClosing)
    else window.removeEventListener('beforeunload', warnBeforeClosing)
  }

  override render() {
    return html`
      <header>
        ${logo}
        <h1>toolmesh</h1>
        <tm-theme-toggle></tm-theme-toggle>
      </header>
      <main>${this.#content()}</main>
    `
  }

  #content() {
    if (!isSecureContext) return insecureContext()
    if (this.problem !== undefined) {
      return html`<tm-notice tone="bad" heading="This tab could not start.">
        <p>${this.problem}</p>
        <button type="button" @click=${this.#again}>Try again</button>
      </tm-notice>`
    }
    const state = this.tabState
    if (state === undefined) return html`<p class="muted" role="status">Starting…</p>`
    if (state.phase === 'idle') return html`<tm-how-to-join></tm-how-to-join>`
    return html`<tm-joined .tab=${this.#tab} .state=${state} @tm-join-again=${this.#again}></tm-joined>`
  }

  async #join(): Promise<void> {
    this.#generation += 1
    const generation = this.#generation
    const invite = this.#invite
    this.#unsubscribe()
    this.problem = undefined
    this.tabState = undefined
    try {
      await this.#tab?.leave()
      const { createTab } = await import('../../src/browser/tab.ts')
      const tab = await createTab({ origin: location.origin, ...(invite === undefined ? {} : { invite }) })
      if (generation !== this.#generation) return void tab.leave()
      this.#tab = tab
      this.#show(tab.state)
      this.#unsubscribe = tab.subscribe(state => this.#show(state))
    } catch (error) {
      if (generation === this.#generation)
        this.problem = error instanceof Error ? error.message : String(error)
    }
  }

  #show(state: TabState): void {
    if (state.phase === 'online') this.#invite = undefined
    this.tabState = state
  }

  /** An invite is a secret: it leaves the address bar (and so the history and screenshots) as soon as it is read. */
  #takeInvite(): boolean {
    const invite = inviteIn(location.hash)
    if (invite === undefined) return false
    this.#invite = invite
    history.replaceState(null, '', location.pathname + location.search)
    return true
  }

  /** Another join link was opened in this tab; only the fragment differs, so the page was not loaded anew. */
  #onHash = (): void => {
    if (this.#takeInvite() && isSecureContext) void this.#join()
  }

  #again = (): void => {
    void this.#join()
  }
}

function insecureContext() {
  return html`
    <tm-notice tone="bad" heading="This page is not in a secure context.">
      <p>
        The browser gives no cryptography to pages that come over plain <code>http</code> from another machine, and a
        peer cannot do without. Open the link that the node prints with <code>toolmesh start --lan</code>: it begins
        with <code>https</code>. On the node's own machine <code>http://localhost</code> is enough.
      </p>
    </tm-notice>
  `
}

function warnBeforeClosing(event: BeforeUnloadEvent): void {
  event.preventDefault()
}

customElements.define('tm-join', Join)
