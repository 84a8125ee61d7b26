import { css, html, LitElement, nothing } from 'lit'
import type { OverviewView } from '../../src/shared/mcp/views.ts'
import { baseStyles } from '../design/base-styles.ts'
import { formatDuration } from '../format/duration.ts'
import { formatCount } from '../format/number.ts'

interface Tile {
  label: string
  value: string
  note: string
  tone?: 'bad'
}

/** The numbers that say at a glance how the mesh does. */
export class Tiles extends LitElement {
  static override styles = [
    baseStyles,
    css`
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(148px, 1fr));
        gap: 1px;
        overflow: hidden;
        border: 1px solid var(--border);
        border-radius: var(--radius);
        background: var(--surface);
        box-shadow: var(--shadow);
      }

      div {
        display: flex;
        flex-direction: column;
        padding: var(--space-3) var(--space-4);
        box-shadow: 0 0 0 1px var(--border);
      }

      dt {
        color: var(--text-muted);
        font-size: var(--text-sm);
      }

      .value {
        font-size: var(--text-xl);
        font-weight: 600;
        font-variant-numeric: tabular-nums;
        line-height: 1.3;
        letter-spacing: -0.015em;
        white-space: nowrap;
      }

      .bad {
        color: var(--bad);
      }

      .note {
        min-height: 1.5em;
        color: var(--text-muted);
        font-size: var(--text-xs);
        white-space: nowrap;
      }

      @media (max-width: 560px) {
        dl {
          grid-template-columns: 1fr 1fr;
        }

        div:last-child:nth-child(odd) {
          grid-column: 1 / -1;
        }
      }
    `,
  ]
  static override properties = { overview: { attribute: false } }

  declare overview: OverviewView | undefined

  override render() {
    if (this.overview === undefined) return nothing
    return html`
      <dl>
        ${tilesOf(this.overview).map(
          ({ label, value, note, tone }) => html`
            <div>
              <dt>${label}</dt>
              <dd class="value ${tone ?? ''}">${value}</dd>
              <dd class="note">${note}</dd>
            </div>
          `,
        )}
      </dl>
    `
  }
}

function tilesOf({ peers, tasks, calls, workers, tools }: OverviewView): Tile[] {
  const unfinished = tasks.cancelled + tasks.expired
  return [
    {
      label: 'Peers',
      value: formatCount(peers.nodes + peers.tabs),
      note: `${counted(peers.nodes, 'node')}, ${counted(peers.tabs, 'tab')}`,
    },
    {
      label: 'In queue',
      value: formatCount(tasks.queued),
      note: tasks.scheduled === 0 ? 'ready to run' : `and ${formatCount(tasks.scheduled)} scheduled`,
    },
    { label: 'Running', value: formatCount(tasks.running), note: 'on all peers' },
    {
      label: 'Succeeded',
      value: formatCount(tasks.succeeded),
      note: unfinished === 0 ? 'tasks' : `${formatCount(unfinished)} cancelled or expired`,
    },
    {
      label: 'Failed',
      value: formatCount(tasks.failed),
      note: tasks.failed === 0 ? 'none' : 'see the tasks below',
      ...(tasks.failed === 0 ? {} : { tone: 'bad' }),
    },
    {
      label: 'Call, median',
      value: calls.p50_ms === null ? '–' : formatDuration(calls.p50_ms),
      note:
        calls.p99_ms === null
          ? 'no calls yet'
          : `p99 ${formatDuration(calls.p99_ms)}, ${formatCount(calls.total)} calls`,
    },
    {
      label: 'Workers busy',
      value: `${workers.running} / ${workers.capacity}`,
      note: `on all peers, ${counted(tools.total, 'tool')}`,
    },
  ]
}

function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

customElements.define('tm-tiles', Tiles)
