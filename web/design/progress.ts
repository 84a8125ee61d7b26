import { css, html, LitElement, nothing } from 'lit'
import { styleMap } from 'lit/directives/style-map.js'
import { baseStyles } from './base-styles.ts'

export interface ProgressValue {
  done: number
  total?: number
  message?: string
}

/** A thin bar; without a total it only says that something moves. */
export class ProgressBar extends LitElement {
  static override styles = [
    baseStyles,
    css`
      :host {
        min-width: 64px;
      }

      .track {
        height: 5px;
        overflow: hidden;
        border-radius: 3px;
        background: var(--border);
      }

      .fill {
        height: 100%;
        border-radius: 3px;
        background: var(--info);
        transform-origin: left;
        transition: transform 200ms;
      }

      .unknown {
        width: 35%;
        animation: slide 1.4s ease-in-out infinite alternate;
      }

      @keyframes slide {
        to {
          transform: translateX(186%);
        }
      }
    `,
  ]
  static override properties = { value: { attribute: false }, label: { type: String } }

  declare value: ProgressValue | undefined
  declare label: string

  constructor() {
    super()
    this.label = 'Progress'
  }

  override render() {
    const { done, total } = this.value ?? { done: 0 }
    const share = total === undefined || total <= 0 ? undefined : Math.min(1, Math.max(0, done / total))
    const percent = share === undefined ? undefined : Math.round(share * 100)
    return html`
      <div class="track" role="progressbar" aria-label=${this.label} aria-valuemin="0" aria-valuemax="100"
        aria-valuenow=${percent ?? nothing} title=${this.value?.message ?? nothing}>
        <div class="fill ${percent === undefined ? 'unknown' : ''}"
          style=${styleMap(percent === undefined ? {} : { transform: `scaleX(${percent / 100})` })}></div>
      </div>
    `
  }
}

customElements.define('tm-progress', ProgressBar)
