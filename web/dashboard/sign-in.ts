import { css, html, LitElement, nothing } from 'lit'
import { baseStyles } from '../design/base-styles.ts'
import { buttonStyles } from '../design/button-styles.ts'
import { logo } from '../design/logo.ts'
import { accessIn } from '../feed/access.ts'
import '../design/notice.ts'

/** Shown when the node wants a credential. Fires `tm-access` with what was given. */
export class SignIn extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      :host {
        padding: 12vh 0 var(--space-5);
      }

      main {
        display: grid;
        gap: var(--space-4);
        width: min(440px, 100% - 24px);
        margin: 0 auto;
        padding: var(--space-6) var(--space-5);
        border: 1px solid var(--border);
        border-radius: var(--radius);
        background: var(--surface);
        box-shadow: var(--shadow);
      }

      .title {
        display: flex;
        align-items: center;
        gap: var(--space-3);
      }

      h1 {
        font-size: var(--text-lg);
        font-weight: 650;
      }

      form {
        display: grid;
        gap: var(--space-2);
      }

      label {
        font-size: var(--text-sm);
        font-weight: 500;
      }

      input {
        width: 100%;
        min-height: 40px;
        padding: 0 var(--space-3);
        border: 1px solid var(--border-strong);
        border-radius: var(--radius-sm);
        background: var(--surface);
        color: var(--text);
        font: var(--text-sm) var(--font-mono);
      }

      input[aria-invalid='true'] {
        border-color: var(--bad);
      }

      .wrong {
        color: var(--bad);
        font-size: var(--text-sm);
      }

      .hint {
        color: var(--text-muted);
        font-size: var(--text-sm);
      }

      button {
        margin-top: var(--space-2);
        min-height: 40px;
      }
    `,
  ]
  static override properties = { error: { attribute: false }, wrong: { state: true } }

  /** Why the last secret was refused. */
  declare error: string | undefined
  /** What is wrong with what was typed. */
  declare wrong: string | undefined

  override render() {
    const wrong = this.wrong ?? this.error
    return html`
      <main>
        <div class="title">${logo}<h1>Sign in to this node</h1></div>
        <p class="muted">It is open to a network, so it asks who you are.</p>
        <form @submit=${this.#submit}>
          <label for="secret">Access link or secret</label>
          <input id="secret" name="secret" type="password" autocomplete="off" spellcheck="false" autofocus required
            aria-invalid=${wrong === undefined ? 'false' : 'true'} aria-describedby="wrong hint" />
          <p class="wrong" id="wrong" role="alert">${wrong ?? nothing}</p>
          <button class="primary" type="submit">Sign in</button>
        </form>
        <p class="hint" id="hint">
          The node prints a sign-in link when it starts, and <code>npx toolmesh token</code> there makes a secret.
          It is kept for this tab only.
        </p>
      </main>
    `
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault()
    const input = this.renderRoot.querySelector('input')
    const access = accessIn(input?.value ?? '')
    if (access === undefined) {
      this.wrong = 'This is not an access link or secret.'
      return
    }
    this.wrong = undefined
    this.dispatchEvent(new CustomEvent('tm-access', { detail: access }))
  }
}

customElements.define('tm-sign-in', SignIn)
