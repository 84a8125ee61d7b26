import { css, html, LitElement } from 'lit'
import { baseStyles } from './base-styles.ts'

export type Tone = 'ok' | 'info' | 'warn' | 'bad' | 'muted'

/** A dot and its text; the text carries the meaning, tone and shape repeat it. */
export class Status extends LitElement {
  static override styles = [
    baseStyles,
    css`
      :host {
        display: inline-flex;
        align-items: center;
        gap: 7px;
        vertical-align: middle;
        white-space: nowrap;
      }

      i {
        flex: none;
        width: 9px;
        height: 9px;
        border: 2px solid currentColor;
        border-radius: 50%;
      }

      .ok {
        background: currentColor;
        color: var(--ok);
      }

      .info {
        background: currentColor;
        color: var(--info);
      }

      .warn {
        border-radius: 2px;
        background: currentColor;
        color: var(--warn);
        transform: rotate(45deg);
      }

      .bad {
        border-radius: 2px;
        background: currentColor;
        color: var(--bad);
      }

      .muted {
        color: var(--text-muted);
      }
    `,
  ]
  static override properties = { tone: { type: String } }

  declare tone: Tone

  constructor() {
    super()
    this.tone = 'muted'
  }

  override render() {
    return html`<i class=${this.tone} aria-hidden="true"></i><slot></slot>`
  }
}

customElements.define('tm-status', Status)
