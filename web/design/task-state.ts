import { css, html, LitElement, type SVGTemplateResult, svg } from 'lit'
import type { TaskState } from '../../src/shared/queue/task.ts'
import { baseStyles } from './base-styles.ts'

/** One shape for each state, so that colour is never needed to tell them apart. */
const SHAPES: Record<TaskState, SVGTemplateResult> = {
  scheduled: svg`<circle cx="8" cy="8" r="6"></circle><path d="M8 4.6V8l2.4 1.6"></path>`,
  queued: svg`<circle cx="8" cy="8" r="6" stroke-dasharray="2.2 2.5"></circle>`,
  running: svg`<circle cx="8" cy="8" r="6" opacity=".3"></circle><path d="M8 2a6 6 0 0 1 6 6"></path>`,
  succeeded: svg`<circle cx="8" cy="8" r="7" fill="currentColor" stroke="none"></circle><path class="cut" d="m5 8.2 2.1 2.1L11 6.2"></path>`,
  failed: svg`<rect x="1.5" y="1.5" width="13" height="13" rx="3" fill="currentColor" stroke="none"></rect><path class="cut" d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8"></path>`,
  cancelled: svg`<circle cx="8" cy="8" r="6"></circle><path d="m4 12 8-8"></path>`,
  expired: svg`<path d="M4 2h8M4 14h8M5 2c0 3 3 4.5 3 6s-3 3-3 6M11 2c0 3-3 4.5-3 6s3 3 3 6"></path>`,
}

/** A task's state as shape, colour and word. */
export class TaskStateMark extends LitElement {
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

      svg {
        flex: none;
        fill: none;
        stroke: currentColor;
        stroke-width: 1.7;
        stroke-linecap: round;
        stroke-linejoin: round;
      }

      .cut {
        stroke: var(--surface);
        stroke-width: 2;
      }

      @keyframes spin {
        to {
          transform: rotate(360deg);
        }
      }

      .scheduled,
      .queued,
      .cancelled {
        color: var(--text-muted);
      }

      /* The whole picture turns, not a path in it: only then does the browser do it without painting. */
      .running {
        color: var(--info);
        animation: spin 1s linear infinite;
        will-change: transform;
      }

      .succeeded {
        color: var(--ok);
      }

      .failed {
        color: var(--bad);
      }

      .expired {
        color: var(--warn);
      }
    `,
  ]
  static override properties = { state: { type: String } }

  declare state: TaskState

  constructor() {
    super()
    this.state = 'queued'
  }

  override render() {
    return html`
      <svg class=${this.state} viewBox="0 0 16 16" width="15" height="15" aria-hidden="true">
        ${SHAPES[this.state]}
      </svg>
      <span>${this.state}</span>
    `
  }
}

customElements.define('tm-task-state', TaskStateMark)
