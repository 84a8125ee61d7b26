import { css, html, LitElement, nothing } from 'lit'
import { baseStyles } from '../design/base-styles.ts'
import type { LogLine, TaskDetails } from '../feed/view-schemas.ts'
import { formatDuration } from '../format/duration.ts'
import { shortPeerId } from '../format/peer-id.ts'

/** Each try at a task: where and how long it ran, how it ended, and what it said last. */
export class Attempts extends LitElement {
  static override styles = [
    baseStyles,
    css`
      h3 {
        margin-bottom: var(--space-2);
        font-size: var(--text-sm);
        font-weight: 600;
      }

      ol {
        display: grid;
        gap: var(--space-2);
        list-style: none;
      }

      li {
        padding: var(--space-3);
        border: 1px solid var(--border);
        border-radius: var(--radius-sm);
      }

      .attempt {
        display: flex;
        flex-wrap: wrap;
        gap: 2px var(--space-4);
      }

      .attempt strong {
        font-weight: 600;
      }

      .reason {
        margin-top: 4px;
        color: var(--bad);
        overflow-wrap: anywhere;
      }

      details {
        margin-top: var(--space-2);
      }

      summary {
        color: var(--text-muted);
        cursor: pointer;
      }

      /* Reversed, a scroll box stays at its end, where the newest line is, unless a person scrolls up. */
      .log {
        display: flex;
        flex-direction: column-reverse;
        max-height: 240px;
        margin: var(--space-2) 0 0;
        padding: var(--space-2) var(--space-3);
        overflow: auto;
        border-radius: var(--radius-sm);
        background: var(--surface-sunken);
      }

      pre {
        margin: 0;
        font: var(--text-xs) / 1.55 var(--font-mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }

      .warning {
        color: var(--warn);
      }

      .error {
        color: var(--bad);
      }
    `,
  ]
  static override properties = { attempts: { attribute: false }, told: { attribute: false } }

  declare attempts: TaskDetails['attempts']
  /** What stands above already: an attempt that failed by it names only the code. */
  declare told: string | undefined

  constructor() {
    super()
    this.attempts = []
  }

  override render() {
    return html`
      <section>
        <h3>Attempts</h3>
        ${this.attempts.length === 0 ? html`<p class="muted">None yet.</p>` : html`<ol>${this.attempts.map(attempt => item(attempt, this.told))}</ol>`}
      </section>
    `
  }
}

function item(attempt: TaskDetails['attempts'][number], told: string | undefined) {
  const { number, state, peer_id, started_at, ended_at, fence, error, logs = [] } = attempt
  return html`
    <li>
      <div class="attempt">
        <strong>${number}</strong>
        <span>${state.replace('_', ' ')}</span>
        <code title=${peer_id}>${shortPeerId(peer_id)}</code>
        <span class="muted">
          ${
            ended_at === undefined
              ? `since ${new Date(started_at).toLocaleTimeString()}`
              : formatDuration(Date.parse(ended_at) - Date.parse(started_at))
          }
        </span>
        <span class="muted">fence ${fence}</span>
      </div>
      ${error === undefined ? nothing : html`<p class="reason"><code>${error.code}</code> ${error.message === told ? nothing : error.message}</p>`}
      ${logs.length === 0 ? nothing : log(logs, ended_at === undefined)}
    </li>
  `
}

function log(lines: readonly LogLine[], live: boolean) {
  const texts = lines.map(({ at, level, message }) => {
    const text = `${new Date(at).toLocaleTimeString()} ${level.padEnd(7)} ${message}\n`
    return html`<span class=${level}>${text}</span>`
  })
  return html`
    <details ?open=${live}>
      <summary>Log, the last ${lines.length} ${lines.length === 1 ? 'line' : 'lines'}</summary>
      <div class="log" tabindex="0"><pre>${texts}</pre></div>
    </details>
  `
}

customElements.define('tm-attempts', Attempts)
