import { css, html, LitElement } from 'lit'
import { styleMap } from 'lit/directives/style-map.js'
import { formatCount } from '../format/number.ts'
import { baseStyles } from './base-styles.ts'
import { type ShownState, stateStyles } from './state-shapes.ts'

/** How many are in a state. */
export type StateCount = readonly [state: ShownState, count: number]

/** A thin bar of one part for each state, as wide as its share; its label says the same in words. */
export class StateBar extends LitElement {
  static override styles = [
    baseStyles,
    stateStyles,
    css`
      :host {
        min-width: 48px;
      }

      div {
        display: flex;
        gap: 1px;
        height: 6px;
        overflow: hidden;
        border-radius: 3px;
        background: var(--border);
      }

      i {
        min-width: 3px;
        background: currentColor;
        transition: flex-grow 200ms;
      }

      .pending {
        min-width: 0;
        color: var(--border);
      }

      .skipped,
      .cancelled {
        background: repeating-linear-gradient(-45deg, currentColor 0 2px, transparent 2px 4px);
      }
    `,
  ]
  static override properties = { counts: { attribute: false }, label: { type: String } }

  /** In the order of the parts. */
  declare counts: readonly StateCount[]
  /** What is counted, as `Steps`. */
  declare label: string

  constructor() {
    super()
    this.counts = []
    this.label = ''
  }

  override render() {
    const some = this.counts.filter(([, count]) => count > 0)
    const words = some.map(([state, count]) => `${formatCount(count)} ${state}`).join(', ')
    return html`
      <div role="img" aria-label=${`${this.label}: ${words || 'none'}`} title=${words}>
        ${some.map(([state, count]) => html`<i class=${state} style=${styleMap({ flexGrow: String(count) })}></i>`)}
      </div>
    `
  }
}

customElements.define('tm-state-bar', StateBar)
