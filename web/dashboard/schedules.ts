import { css, html, LitElement, nothing } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { baseStyles } from '../design/base-styles.ts'
import { panelStyles } from '../design/panel-styles.ts'
import { tableStyles } from '../design/table-styles.ts'
import { Ticker } from '../design/ticker.ts'
import type { ScheduleRow } from '../feed/view-schemas.ts'
import { formatElapsed } from '../format/duration.ts'
import { formatCount } from '../format/number.ts'

/** What is submitted by the clock: when next, and what came of the last tick. Not there while there is nothing. */
export class Schedules extends LitElement {
  static override styles = [
    baseStyles,
    panelStyles,
    tableStyles,
    css`
      .name {
        font-weight: 500;
        overflow-wrap: anywhere;
      }

      .bad {
        color: var(--bad);
      }
    `,
  ]
  static override properties = { schedules: { attribute: false } }

  declare schedules: readonly ScheduleRow[]

  constructor() {
    super()
    new Ticker(this)
    this.schedules = []
  }

  override updated(): void {
    this.hidden = this.schedules.length === 0
  }

  override render() {
    if (this.schedules.length === 0) return nothing
    return html`
      <section class="panel" aria-labelledby="title">
        <header><h2 id="title">Schedules</h2></header>
        <div class="scroll" tabindex="0" role="region" aria-label="Schedules">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col" class="medium">When</th>
                <th scope="col" class="wide">Tool</th>
                <th scope="col">Next</th>
                <th scope="col" class="medium">Last</th>
                <th scope="col" class="num wide">Tasks</th>
              </tr>
            </thead>
            <tbody>
              ${repeat(this.schedules, ({ name }) => name, row)}
            </tbody>
          </table>
        </div>
      </section>
    `
  }
}

function row({ name, cron, timezone, task, enabled, next_at, last, ticks }: ScheduleRow) {
  return html`
    <tr>
      <td><span class="name">${name}</span><div class="narrow"><code>${cron}</code></div></td>
      <td class="medium"><code>${cron}</code> <span class="muted">${timezone}</span></td>
      <td class="wide">${task.tool}</td>
      <td class="nowrap">
        ${
          enabled && next_at !== undefined
            ? html`<span title=${new Date(next_at).toLocaleString()}>in ${formatElapsed(Math.max(Date.parse(next_at) - Date.now(), 0))}</span>`
            : html`<span class="muted">switched off</span>`
        }
      </td>
      <td class="medium">${last === undefined ? html`<span class="muted">not yet</span>` : lastTick(last)}</td>
      <td class="num wide">${formatCount(ticks)}</td>
    </tr>
  `
}

function lastTick({ at, error, skipped }: NonNullable<ScheduleRow['last']>) {
  const when = new Date(at).toLocaleString()
  if (error !== undefined)
    return html`<span class="bad" title=${error.message}>${when}: <code>${error.code}</code></span>`
  return skipped === undefined ? when : html`${when} <span class="muted">(skipped: ${skipped})</span>`
}

customElements.define('tm-schedules', Schedules)
