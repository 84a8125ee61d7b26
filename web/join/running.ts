import { css, html, LitElement } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { TabAttempt } from '../../src/browser/tab-contract.ts'
import { baseStyles } from '../design/base-styles.ts'
import { panelStyles } from '../design/panel-styles.ts'
import { Ticker } from '../design/ticker.ts'
import { formatElapsed } from '../format/duration.ts'
import { shortTaskId } from '../format/peer-id.ts'
import '../design/progress.ts'

/** What runs in this tab now. */
export class Running extends LitElement {
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      ul {
        list-style: none;
      }

      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 2px var(--space-4);
        padding: var(--space-3) var(--space-4);
        border-top: 1px solid var(--border);
        font-size: var(--text-sm);
      }

      li:first-child {
        border-top: 0;
      }

      .tool {
        overflow: hidden;
        font-weight: 500;
        text-overflow: ellipsis;
      }

      .tool code {
        margin-left: var(--space-2);
        color: var(--text-muted);
        font-weight: 400;
        white-space: nowrap;
      }

      tm-progress,
      .message {
        grid-column: 1 / -1;
      }

      .empty {
        padding: var(--space-4);
        color: var(--text-muted);
        font-size: var(--text-sm);
      }
    `,
  ]
  static override properties = { running: { attribute: false } }

  declare running: TabAttempt[]

  constructor() {
    super()
    this.running = []
    new Ticker(this)
  }

  override render() {
    return html`
      <section class="panel" aria-labelledby="title">
        <header><h2 id="title">Running now</h2></header>
        ${
          this.running.length === 0
            ? html`<p class="empty">Nothing at the moment.</p>`
            : html`<ul>${repeat(this.running, attempt => attempt.task_id, item)}</ul>`
        }
      </section>
    `
  }
}

function item(attempt: TabAttempt) {
  return html`
    <li>
      <span class="tool">${attempt.tool}<code title=${attempt.task_id}>${shortTaskId(attempt.task_id)}</code></span>
      <span class="muted">${formatElapsed(Date.now() - attempt.started_at)}</span>
      <tm-progress .value=${attempt.progress} label=${`Progress of ${attempt.tool}`}></tm-progress>
    </li>
  `
}

customElements.define('tm-running', Running)
