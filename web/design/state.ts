import { css, html, LitElement } from 'lit'
import { baseStyles } from './base-styles.ts'
import { type ShownState, STATE_SHAPES, stateStyles } from './state-shapes.ts'

/** The state of a task, a workflow or a step as shape, colour and word. */
export class StateMark extends LitElement {
  static override styles = [
    baseStyles,
    stateStyles,
    css`
      :host {
        display: inline-flex;
        align-items: center;
        gap: 7px;
        vertical-align: middle;
        white-space: nowrap;
      }
    `,
  ]
  static override properties = { state: { type: String } }

  declare state: ShownState

  constructor() {
    super()
    this.state = 'queued'
  }

  override render() {
    return html`
      <svg class="shape ${this.state}" viewBox="0 0 16 16" width="15" height="15" aria-hidden="true">
        ${STATE_SHAPES[this.state]}
      </svg>
      <span>${this.state}</span>
    `
  }
}

customElements.define('tm-state', StateMark)
