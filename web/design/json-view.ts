import { css, html, LitElement, nothing } from 'lit'
import { formatBytes } from '../format/bytes.ts'
import { formatCount } from '../format/number.ts'
import { baseStyles } from './base-styles.ts'
import { buttonStyles } from './button-styles.ts'
import './copy-button.ts'

/** Characters that are shown at first, and at most: what is longer is for programs. */
const FIRST_CHARS = 2_000
const MAX_CHARS = 100_000

/** A JSON value under its heading: folded away by a click, its start shown where it is long. */
export class JsonView extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      summary {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        min-height: 32px;
        font-size: var(--text-sm);
        cursor: pointer;
      }

      summary::before {
        content: '▸';
        width: 10px;
        color: var(--text-muted);
      }

      details[open] > summary::before {
        content: '▾';
      }

      h3 {
        font-size: var(--text-sm);
        font-weight: 600;
      }

      tm-copy {
        margin-left: auto;
      }

      pre {
        max-height: 340px;
        margin: var(--space-1) 0 0;
        padding: var(--space-3);
        overflow: auto;
        border: 1px solid var(--border);
        border-radius: var(--radius-sm);
        background: var(--surface-sunken);
        font: var(--text-xs) / 1.55 var(--font-mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }

      .more {
        margin-top: var(--space-2);
      }
    `,
  ]
  static override properties = {
    heading: { type: String },
    value: { attribute: false },
    all: { state: true },
  }

  declare heading: string
  /** Any JSON value; undefined: there is none, and nothing is shown. */
  declare value: unknown
  /** More than the start is shown. */
  declare all: boolean

  constructor() {
    super()
    this.heading = ''
    this.all = false
  }

  override render() {
    if (this.value === undefined) return nothing
    const text = JSON.stringify(this.value, null, 2)
    const bytes = new TextEncoder().encode(JSON.stringify(this.value)).length
    const shown = text.slice(0, this.all ? MAX_CHARS : FIRST_CHARS)
    return html`
      <details open>
        <summary>
          <h3>${this.heading}</h3>
          <span class="muted">${formatBytes(bytes)}</span>
          <tm-copy .text=${text} label=${`Copy ${this.heading.toLowerCase()}`} @click=${keepOpen}></tm-copy>
        </summary>
        <pre tabindex="0" aria-label=${this.heading}>${shown}${shown.length < text.length ? '\n…' : ''}</pre>
        ${
          shown.length < text.length
            ? html`<p class="muted more">
                ${
                  this.all
                    ? html`The first ${formatCount(MAX_CHARS)} of ${formatCount(text.length)} characters.`
                    : html`<button class="small" type="button" @click=${this.#showAll}>Show more</button>`
                }
              </p>`
            : nothing
        }
      </details>
    `
  }

  #showAll = (): void => {
    this.all = true
  }
}

/** A click on the copy button does not fold the value away. */
function keepOpen(event: Event): void {
  event.preventDefault()
}

customElements.define('tm-json', JsonView)
