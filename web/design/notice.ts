import { css, html, LitElement } from 'lit'
import { baseStyles } from './base-styles.ts'

const SIGNS = { info: 'i', warn: '!', bad: '×' }

/** Something to know or to do; `heading` says what, the slot says more. */
export class Notice extends LitElement {
  static override styles = [
    baseStyles,
    css`
      :host {
        padding: var(--space-3) var(--space-4);
        border: 1px solid var(--tone);
        border-radius: var(--radius);
        background: var(--soft);
      }

      :host,
      :host([tone='info']) {
        --tone: var(--info);
        --soft: var(--info-soft);
      }

      :host([tone='warn']) {
        --tone: var(--warn);
        --soft: var(--warn-soft);
      }

      :host([tone='bad']) {
        --tone: var(--bad);
        --soft: var(--bad-soft);
      }

      .row {
        display: flex;
        gap: var(--space-3);
      }

      i {
        flex: none;
        width: 20px;
        height: 20px;
        margin-top: 1px;
        border: 1.5px solid var(--tone);
        border-radius: 50%;
        color: var(--tone);
        font: 700 12px / 17px var(--font);
        text-align: center;
      }

      strong {
        font-weight: 600;
      }

      .text {
        min-width: 0;
        overflow-wrap: anywhere;
      }
    `,
  ]
  static override properties = { tone: { type: String, reflect: true }, heading: { type: String } }

  declare tone: keyof typeof SIGNS
  declare heading: string

  constructor() {
    super()
    this.tone = 'info'
    this.heading = ''
  }

  override render() {
    return html`
      <div class="row">
        <i aria-hidden="true">${SIGNS[this.tone]}</i>
        <div class="text"><strong>${this.heading}</strong> <slot></slot></div>
      </div>
    `
  }
}

customElements.define('tm-notice', Notice)
