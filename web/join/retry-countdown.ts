import { css, html, LitElement } from 'lit'
import { baseStyles } from '../design/base-styles.ts'
import { Ticker } from '../design/ticker.ts'

/** When the next try to connect is. Silent for screen readers: the phase has been announced. */
export class RetryCountdown extends LitElement {
  static override styles = [
    baseStyles,
    css`
      p {
        margin-top: var(--space-2);
        font-size: var(--text-sm);
      }
    `,
  ]
  static override properties = { at: { attribute: false } }

  /** Epoch milliseconds; absent while a try is under way. */
  declare at: number | undefined

  constructor() {
    super()
    new Ticker(this)
  }

  override render() {
    const seconds = this.at === undefined ? 0 : Math.max(0, Math.ceil((this.at - Date.now()) / 1000))
    return html`<p aria-hidden="true">${seconds === 0 ? 'Trying now…' : `Next try in ${seconds} s.`}</p>`
  }
}

customElements.define('tm-retry-countdown', RetryCountdown)
