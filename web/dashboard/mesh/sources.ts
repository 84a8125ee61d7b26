import { css, html, LitElement, nothing } from 'lit'
import { baseStyles } from '../../design/base-styles.ts'
import { panelStyles } from '../../design/panel-styles.ts'
import { tableStyles } from '../../design/table-styles.ts'
import type { MeshFigures, Source } from '../../feed/known-peer-schemas.ts'
import { formatElapsed } from '../../format/duration.ts'
import { formatCount } from '../../format/number.ts'
import '../../design/status.ts'

/** By what this node finds peers, how each source does, and how its sessions do. */
export class SourcesPanel extends LitElement {
  static override styles = [
    baseStyles,
    panelStyles,
    tableStyles,
    css`
      .why {
        max-width: 100%;
        color: var(--bad);
        font-size: var(--text-xs);
        overflow-wrap: anywhere;
      }

      .sessions {
        padding: var(--space-3) var(--space-4);
        border-top: 1px solid var(--border);
        color: var(--text-muted);
        font-size: var(--text-sm);
      }
    `,
  ]
  static override properties = { figures: { attribute: false } }

  declare figures: MeshFigures | undefined

  override render() {
    if (this.figures === undefined) return nothing
    const { sources, pool } = this.figures
    return html`
      <section class="panel" aria-labelledby="title">
        <header><h2 id="title">Sources of peers</h2></header>
        ${
          sources.length === 0
            ? html`<p class="sessions">All are switched off: peers come by invites only.</p>`
            : html`<div class="scroll" tabindex="0" role="region" aria-label="Sources of peers">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Source</th>
                      <th scope="col">State</th>
                      <th scope="col" class="num" title="Since start">Found</th>
                      <th scope="col" class="num medium">Looks</th>
                      <th scope="col" class="num">Worked</th>
                    </tr>
                  </thead>
                  <tbody>${sources.map(row)}</tbody>
                </table>
              </div>`
        }
        <p class="sessions">
          ${formatCount(pool.open)} ${pool.open === 1 ? 'session' : 'sessions'} open, ${formatCount(pool.opens)} opened since start${listed(', failed', pool.failures)}${listed(', ended', pool.ends)}.
        </p>
      </section>
    `
  }
}

function row({ name, found, looks, last_success, last_failure, error }: Source) {
  const fails = error !== undefined && (last_failure ?? '') > (last_success ?? '')
  const tone = fails ? 'warn' : last_success === undefined ? 'muted' : 'ok'
  return html`
    <tr>
      <td>${name}${fails ? html`<div class="why">${error.message}</div>` : nothing}</td>
      <td><tm-status tone=${tone}>${fails ? 'fails' : last_success === undefined ? 'waits' : 'works'}</tm-status></td>
      <td class="num">${formatCount(found)}</td>
      <td class="num medium">${formatCount(looks)}</td>
      <td class="num">${last_success === undefined ? '–' : `${formatElapsed(Date.now() - Date.parse(last_success))} ago`}</td>
    </tr>
  `
}

function listed(what: string, numbers: Record<string, number>): string {
  const all = Object.entries(numbers).map(([code, number]) => `${formatCount(number)} ${code}`)
  return all.length === 0 ? '' : `${what}: ${all.join(', ')}`
}

customElements.define('tm-sources', SourcesPanel)
