import { css, html, LitElement } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { TabState } from '../../src/browser/tab-contract.ts'
import { baseStyles } from '../design/base-styles.ts'
import { panelStyles } from '../design/panel-styles.ts'
import { tableStyles } from '../design/table-styles.ts'
import { formatDuration } from '../format/duration.ts'
import { shortTaskId } from '../format/peer-id.ts'
import '../design/state.ts'

/** The last attempts that finished in this tab, newest first. */
export class Finished extends LitElement {
  static override styles = [
    baseStyles,
    panelStyles,
    tableStyles,
    css`
      .scroll {
        max-height: 340px;
        overflow-y: auto;
      }

      .tool {
        overflow-wrap: anywhere;
      }
    `,
  ]
  static override properties = { recent: { attribute: false } }

  declare recent: TabState['recent']

  constructor() {
    super()
    this.recent = []
  }

  override render() {
    return html`
      <section class="panel" aria-labelledby="title">
        <header><h2 id="title">Finished here</h2></header>
        <div class="scroll" tabindex="0" role="region" aria-label="Finished here">
          <table>
            <thead>
              <tr>
                <th scope="col">Outcome</th>
                <th scope="col">Tool</th>
                <th scope="col" class="medium">Task</th>
                <th scope="col" class="num">Took</th>
                <th scope="col" class="num medium">At</th>
              </tr>
            </thead>
            <tbody>
              ${repeat(this.recent, entry => `${entry.task_id}/${entry.ended_at}`, row)}
            </tbody>
          </table>
        </div>
      </section>
    `
  }
}

function row(entry: TabState['recent'][number]) {
  return html`
    <tr>
      <td><tm-state state=${entry.ok ? 'succeeded' : 'failed'}></tm-state></td>
      <td class="tool">${entry.tool}</td>
      <td class="medium"><code class="muted" title=${entry.task_id}>${shortTaskId(entry.task_id)}</code></td>
      <td class="num">${formatDuration(entry.ms)}</td>
      <td class="num muted medium">${new Date(entry.ended_at).toLocaleTimeString()}</td>
    </tr>
  `
}

customElements.define('tm-finished', Finished)
