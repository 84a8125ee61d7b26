import { html, LitElement, nothing } from 'lit'
import { baseStyles } from './base-styles.ts'
import { buttonStyles } from './button-styles.ts'

/** How long the button says that it copied. */
const SAID_MS = 2000

/** Copies `text`; the slot is the button's label, `label` what it is called where the label is not enough. */
export class CopyButton extends LitElement {
  static override styles = [baseStyles, buttonStyles]
  static override properties = {
    text: { type: String },
    label: { type: String },
    outcome: { state: true },
  }

  declare text: string
  declare label: string
  declare outcome: 'copied' | 'failed' | undefined

  #timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super()
    this.text = ''
    this.label = ''
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#timer)
  }

  override render() {
    return html`
      <button class="small" type="button" aria-label=${this.label || nothing} @click=${this.#copy}>
        ${this.outcome === undefined ? html`<slot>Copy</slot>` : this.outcome === 'copied' ? '✓ Copied' : 'Not allowed'}
      </button>
      <span class="visually-hidden" role="status">${this.outcome === 'copied' ? 'Copied' : ''}</span>
    `
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.text)
      this.outcome = 'copied'
    } catch {
      // No clipboard in an insecure context or without permission; the text stands on the page to select.
      this.outcome = 'failed'
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.outcome = undefined
    }, SAID_MS)
  }
}

customElements.define('tm-copy', CopyButton)
