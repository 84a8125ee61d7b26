import { css, html, LitElement, unsafeCSS } from 'lit'
import uPlot from 'uplot'
import chartStyles from 'uplot/dist/uPlot.min.css?inline'
import type { OverviewView } from '../../src/shared/mcp/views.ts'
import { baseStyles } from '../design/base-styles.ts'
import { panelStyles } from '../design/panel-styles.ts'
import { formatCount, formatRate } from '../format/number.ts'
import { throughputWindow, WINDOW_S } from './throughput-window.ts'

/** Pixels; beside a long list of peers the chart grows. */
const MIN_HEIGHT = 200
/** Seconds before now, oldest first. */
const SECONDS = Array.from({ length: WINDOW_S }, (_, index) => index - WINDOW_S + 1)
const TICK_MS = 1000

/** Outcomes committed in each of the last 60 seconds, as a live chart. */
export class Throughput extends LitElement {
  static override styles = [
    baseStyles,
    panelStyles,
    unsafeCSS(chartStyles),
    css`
      .panel {
        display: flex;
        flex-direction: column;
        height: 100%;
      }

      .chart {
        position: relative;
        flex: 1;
        min-height: ${MIN_HEIGHT}px;
        margin: var(--space-3) var(--space-3) var(--space-2);
      }

      /* Out of the flow, so that the chart never holds its panel at a size it has outgrown. */
      .uplot {
        position: absolute;
        inset: 0;
      }

      .now {
        color: var(--text-muted);
        font-size: var(--text-sm);
        font-variant-numeric: tabular-nums;
      }

      .now strong {
        color: var(--text);
        font-weight: 600;
      }
    `,
  ]
  static override properties = {
    throughput: { attribute: false },
    readAt: { attribute: false },
    live: { type: Boolean },
  }

  declare throughput: OverviewView['throughput'] | undefined
  /** Epoch milliseconds at which `throughput` was read. */
  declare readAt: number
  /** False while the node is not reached: the chart then stands still instead of showing seconds without work. */
  declare live: boolean

  #plot: uPlot | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #resize = new ResizeObserver(() => this.#fit())
  #darkScheme = matchMedia('(prefers-color-scheme: dark)')

  constructor() {
    super()
    this.readAt = 0
    this.live = false
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#timer = setInterval(() => this.requestUpdate(), TICK_MS)
    window.addEventListener('tm-theme', this.#draw)
    this.#darkScheme.addEventListener('change', this.#draw)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearInterval(this.#timer)
    window.removeEventListener('tm-theme', this.#draw)
    this.#darkScheme.removeEventListener('change', this.#draw)
    this.#resize.disconnect()
    this.#plot?.destroy()
    this.#plot = undefined
  }

  override render() {
    const values = this.#values()
    const sum = values.reduce((total, value) => total + value, 0)
    const average = sum / WINDOW_S
    const peak = Math.max(...values)
    return html`
      <section class="panel" aria-labelledby="title">
        <header>
          <h2 id="title">Throughput</h2>
          <p class="now">
            <strong>${formatRate(average)}</strong>/s over the last minute · peak ${formatCount(peak)} ·
            ${formatCount(this.throughput?.committed ?? 0)} since start
          </p>
        </header>
        <div class="chart" role="img"
          aria-label=${`Tasks finished per second over the last minute: ${formatRate(average)} on average, ${formatCount(peak)} at most.`}></div>
      </section>
    `
  }

  override updated(): void {
    if (this.#plot === undefined) this.#draw()
    else this.#plot.setData([SECONDS, this.#values()])
  }

  #values(): number[] {
    return throughputWindow(
      this.throughput?.per_second ?? [],
      this.readAt,
      this.live ? Date.now() : this.readAt,
    )
  }

  #chartBox(): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>('.chart')
  }

  #fit(): void {
    const box = this.#chartBox()
    if (box !== null && box.clientWidth > 0) this.#plot?.setSize(sizeOf(box))
  }

  /** Makes the chart anew: its colours are painted, so a change of theme needs new ones. */
  #draw = (): void => {
    const box = this.#chartBox()
    if (box === null) return
    this.#plot?.destroy()
    this.#plot = new uPlot(chartOptions(box), [SECONDS, this.#values()], box)
    this.#resize.observe(box)
  }
}

function sizeOf(box: HTMLElement): { width: number; height: number } {
  return { width: box.clientWidth, height: Math.max(MIN_HEIGHT, box.clientHeight) }
}

function chartOptions(box: HTMLElement): uPlot.Options {
  const colour = colourReader(box)
  const axis: uPlot.Axis = {
    stroke: colour('--text-muted'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: colour('--border'), width: 1 },
    ticks: { show: false },
  }
  return {
    ...sizeOf(box),
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false }, y: { range: (_plot, _min, max) => [0, Math.max(4, max * 1.15)] } },
    series: [
      {},
      {
        stroke: colour('--accent'),
        fill: colour('--accent-soft'),
        width: 2,
        points: { show: false },
        ...(uPlot.paths.stepped === undefined ? {} : { paths: uPlot.paths.stepped({ align: -1 }) }),
      },
    ],
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        splits: [-60, -45, -30, -15, 0],
        values: (_plot, ticks) => ticks.map(tick => (tick === 0 ? 'now' : `${tick} s`)),
      },
      { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000] },
    ],
  }
}

/** Reads a token's colour as the browser resolved it; a canvas does not know `light-dark()`. */
function colourReader(box: HTMLElement): (token: string) => string {
  return token => {
    box.style.color = `var(${token})`
    const { color } = getComputedStyle(box)
    box.style.removeProperty('color')
    return color
  }
}

customElements.define('tm-throughput', Throughput)
