import { css, html, LitElement, nothing, type PropertyValues, svg } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { styleMap } from 'lit/directives/style-map.js'
import { baseStyles } from '../../design/base-styles.ts'
import { buttonStyles } from '../../design/button-styles.ts'
import { stateStyles } from '../../design/state-shapes.ts'
import { Ticker } from '../../design/ticker.ts'
import { plainMessage } from '../../feed/plain-message.ts'
import type { StepRow } from '../../feed/workflow-schemas.ts'
import { edgePath } from './edge-path.ts'
import type { Direction, GraphLayout } from './graph-layout.ts'
import { graphNode, graphNodeStyles } from './graph-node.ts'
import { layOutInWorker } from './lay-out-in-worker.ts'
import { type ArrowKey, neighbour } from './neighbour.ts'
import { NODE_HEIGHT, NODE_WIDTH } from './node-size.ts'
import { PanGesture } from './pan-gesture.ts'
import { firstView, fitInto, pan, reveal, type Size, type Viewport, zoom } from './viewport.ts'
import '../../design/notice.ts'

/** Pixels of room below which time goes down instead of to the right. */
const NARROW = 640
/** Scales below which texts are left out, and all but the colours. */
const FAR = 0.42
const DISTANT = 0.2
/** Pixels around a small graph, and below it for the buttons. */
const AROUND = 32
const BELOW = 48
const ZOOM_STEP = 1.3
const PAN_STEP = 80
const NODE = { width: NODE_WIDTH, height: NODE_HEIGHT }
/** Pixels. */
const DEFAULT_HEIGHT = 420
const MIN_HEIGHT = 220
/** What is looked for first where not all is seen. */
const ACTIVE: readonly StepRow['state'][] = ['waiting', 'running', 'failed']
/** How long the way to zoom is told, milliseconds. */
const HINT_MS = 1800

/** The steps of a workflow as a live graph: seen whole, near or far, by pointer, wheel, touch and keys. Fires `tm-select`. */
export class StepGraph extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    stateStyles,
    graphNodeStyles,
    css`
      .stage {
        position: relative;
        max-height: clamp(260px, 62vh, 720px);
        overflow: hidden;
        background: var(--surface-sunken);
        touch-action: none;
        cursor: grab;
      }

      .stage.dragged {
        cursor: grabbing;
      }

      .stage > svg {
        display: block;
        width: 100%;
        height: 100%;
        user-select: none;
      }

      .edge {
        fill: none;
        stroke: var(--border-strong);
        stroke-width: 1.5;
        opacity: 0.75;
      }

      .edge.done {
        stroke: var(--ok);
      }

      .edge.idle {
        stroke-dasharray: 4 4;
        opacity: 0.55;
      }

      .edge.near {
        stroke: var(--accent);
        stroke-width: 2.5;
        opacity: 1;
      }

      .controls {
        position: absolute;
        right: var(--space-3);
        bottom: var(--space-3);
        display: flex;
        gap: 4px;
      }

      .controls button {
        background: var(--surface);
      }

      .hint {
        position: absolute;
        top: var(--space-3);
        left: 50%;
        padding: 4px 12px;
        border-radius: var(--radius-sm);
        background: var(--text);
        color: var(--bg);
        font-size: var(--text-sm);
        transform: translateX(-50%);
        pointer-events: none;
      }

      .message {
        padding: var(--space-5) var(--space-4);
        color: var(--text-muted);
        font-size: var(--text-sm);
      }
    `,
  ]
  static override properties = {
    steps: { attribute: false },
    selected: { attribute: false },
    layout: { state: true },
    view: { state: true },
    problem: { state: true },
    hint: { state: true },
  }

  declare steps: readonly StepRow[]
  /** Id of the step that is shown beside the graph. */
  declare selected: string | undefined
  declare layout: GraphLayout | undefined
  declare view: Viewport | undefined
  declare problem: string | undefined
  declare hint: boolean

  /** What the layout was made of: states change all the time, the graph does not. */
  #drawn: string | undefined
  #layingOut: AbortController | undefined
  #room: Size = { width: 0, height: 0 }
  /** A person has moved it: the view is theirs from then on. */
  #moved = false
  /** Where the arrow keys go on. */
  #current: string | undefined
  #hintTimer: ReturnType<typeof setTimeout> | undefined
  #resize = new ResizeObserver(() => this.#measure())
  #gesture = new PanGesture({
    pan: (dx, dy) => this.#move(view => this.#panned(view, dx, dy)),
    zoom: (factor, at) => this.#move(view => zoom(view, factor, at)),
    changed: () => this.requestUpdate(),
  })

  constructor() {
    super()
    new Ticker(this)
    this.steps = []
    this.hint = false
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#layingOut?.abort()
    this.#resize.disconnect()
    this.#drawn = undefined
    clearTimeout(this.#hintTimer)
  }

  override updated(changed: PropertyValues<this>): void {
    const stage = this.#stage()
    if (stage !== null) this.#resize.observe(stage)
    if (changed.has('steps')) void this.#layOut()
    if (changed.has('selected') && this.selected !== undefined) this.#show(this.selected)
  }

  override render() {
    return html`
      <div style=${styleMap({ height: `${this.#height()}px` })} class="stage ${this.#gesture.dragging ? 'dragged' : ''}" role="group" aria-label="Graph of the steps"
        aria-describedby="keys" @wheel=${{ handleEvent: this.#wheel, passive: false }} @keydown=${this.#key}
        @pointerdown=${this.#gesture.down} @pointermove=${this.#gesture.move} @pointerup=${this.#gesture.up}
        @pointercancel=${this.#gesture.up} @click=${this.#click}>
        <p id="keys" class="visually-hidden">
          Arrow keys go from step to step, Enter shows the step, plus and minus zoom, 0 shows all, Shift with arrow keys moves the picture.
        </p>
        ${this.#picture()}
        ${this.hint ? html`<div class="hint">Ctrl or ⌘ and the wheel zoom; drag to move</div>` : nothing}
        <div class="controls">
          <button class="icon" type="button" aria-label="Zoom out" title="Zoom out (−)" @click=${() => this.#zoom(1 / ZOOM_STEP)}>−</button>
          <button class="icon" type="button" aria-label="Zoom in" title="Zoom in (+)" @click=${() => this.#zoom(ZOOM_STEP)}>+</button>
          <button class="small" type="button" title="Show all (0)" @click=${this.#fitAll}>Fit</button>
        </div>
      </div>
    `
  }

  #picture() {
    const { layout, view, problem } = this
    if (problem !== undefined)
      return html`<tm-notice tone="bad" heading="The graph could not be drawn.">${problem} The table has the same steps.</tm-notice>`
    if (layout === undefined || view === undefined) return html`<p class="message">Drawing the graph…</p>`
    const steps = new Map(this.steps.map(step => [step.id, step]))
    const reachable =
      this.#current !== undefined && steps.has(this.#current) ? this.#current : this.steps[0]?.id
    const now = Date.now()
    return html`
      <svg class=${view.scale < DISTANT ? 'far distant' : view.scale < FAR ? 'far' : ''}>
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto-start-reverse">
            <path d="M0 .8 7 4 0 7.2z" fill="context-stroke"></path>
          </marker>
        </defs>
        <g transform="translate(${view.x} ${view.y}) scale(${view.scale})">
          ${repeat(
            layout.edges,
            ({ from, to }) => `${from} ${to}`,
            ({ from, to, points }) => svg`
              <path class="edge ${edgeClass(steps.get(from), steps.get(to))} ${from === this.selected || to === this.selected ? 'near' : ''}"
                d=${edgePath(points, layout.direction)} marker-end="url(#arrow)"></path>
            `,
          )}
          ${repeat(
            this.steps,
            step => step.id,
            step => {
              const at = layout.nodes.get(step.id)
              return at === undefined
                ? nothing
                : graphNode({
                    step,
                    at,
                    now,
                    selected: step.id === this.selected,
                    reachable: step.id === reachable,
                  })
            },
          )}
        </g>
      </svg>
    `
  }

  async #layOut(): Promise<void> {
    const { width } = this.#room
    if (width === 0 || this.steps.length === 0) return
    const direction: Direction = width < NARROW ? 'TB' : 'LR'
    const graph = this.steps.map(({ id, depends_on }) => ({ id, depends_on }))
    const drawn = JSON.stringify([direction, graph])
    if (drawn === this.#drawn) return
    this.#drawn = drawn
    this.#layingOut?.abort()
    this.#layingOut = new AbortController()
    const { signal } = this.#layingOut
    try {
      this.layout = await layOutInWorker({ steps: graph, direction }, signal)
      this.problem = undefined
      this.#moved = false
      this.#look()
      if (this.selected !== undefined) this.#show(this.selected)
    } catch (error) {
      if (!signal.aborted) this.problem = plainMessage(error)
    }
  }

  #measure(): void {
    const stage = this.#stage()
    if (stage === null || stage.clientWidth === 0) return
    this.#room = { width: stage.clientWidth, height: stage.clientHeight - BELOW }
    if (!this.#moved) this.#look()
    void this.#layOut()
  }

  /** Of the stage, in pixels: no more than a small graph needs; the page's height limits it. */
  #height(): number {
    const { layout } = this
    if (layout === undefined) return DEFAULT_HEIGHT
    const scale = layout.direction === 'LR' ? Math.min(1, this.#room.width / layout.width) : 1
    return Math.max(layout.height * Math.max(scale, FAR) + AROUND + BELOW, MIN_HEIGHT)
  }

  /** The first view; where it does not hold all steps, it shows one at which something happens. */
  #look(): void {
    if (this.layout === undefined || this.#room.width === 0) return
    this.view = firstView(this.layout, this.#room, this.layout.direction)
    const active = ACTIVE.flatMap(state => this.steps.find(step => step.state === state) ?? [])[0]
    if (active !== undefined && this.view.scale > fitInto(this.layout, this.#room).scale)
      this.#reveal(active.id)
  }

  #fitAll = (): void => {
    if (this.layout === undefined) return
    this.#moved = false
    this.view = fitInto(this.layout, this.#room)
  }

  #zoom(factor: number): void {
    this.#move(view => zoom(view, factor, { x: this.#room.width / 2, y: this.#room.height / 2 }))
  }

  #move(change: (view: Viewport) => Viewport): void {
    if (this.view === undefined) return
    this.#moved = true
    this.view = change(this.view)
  }

  #panned(view: Viewport, dx: number, dy: number): Viewport {
    return this.layout === undefined ? view : pan(view, dx, dy, this.layout, this.#room)
  }

  /** Brings a step into sight; the arrow keys go on from it. */
  #show(id: string): void {
    this.#current = id
    this.#reveal(id)
  }

  #reveal(id: string): void {
    const at = this.layout?.nodes.get(id)
    if (at === undefined || this.view === undefined) return
    this.view = reveal(
      this.view,
      { ...NODE, x: at.x - NODE.width / 2, y: at.y - NODE.height / 2 },
      this.#room,
    )
  }

  #wheel = (event: WheelEvent): void => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault()
      const box = this.#stage()?.getBoundingClientRect()
      const at = { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) }
      this.#move(view => zoom(view, Math.exp(-pixels(event) / 240), at))
      return
    }
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault()
      const dx = event.deltaX === 0 ? event.deltaY : event.deltaX
      this.#move(view => this.#panned(view, -dx, 0))
      return
    }
    // The page scrolls, as a person expects who only passes by.
    this.hint = true
    clearTimeout(this.#hintTimer)
    this.#hintTimer = setTimeout(() => {
      this.hint = false
    }, HINT_MS)
  }

  #key = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const id = stepAt(event)
    const arrow = ARROWS[event.key]
    if (arrow !== undefined && (event.shiftKey || id === undefined)) {
      this.#move(view => this.#panned(view, arrow[0] * PAN_STEP, arrow[1] * PAN_STEP))
    } else if (isArrow(event.key) && id !== undefined) {
      const next = this.layout === undefined ? undefined : neighbour(this.layout.nodes, id, event.key)
      if (next !== undefined) void this.#focus(next)
    } else if (event.key === '+' || event.key === '=') this.#zoom(ZOOM_STEP)
    else if (event.key === '-') this.#zoom(1 / ZOOM_STEP)
    else if (event.key === '0') this.#fitAll()
    else if ((event.key === 'Enter' || event.key === ' ') && id !== undefined) this.#select(id)
    else return
    event.preventDefault()
  }

  async #focus(id: string): Promise<void> {
    this.#show(id)
    this.requestUpdate()
    await this.updateComplete
    this.renderRoot
      .querySelector<SVGElement>(`[data-step="${CSS.escape(id)}"]`)
      ?.focus({ preventScroll: true })
  }

  #click = (event: MouseEvent): void => {
    const id = stepAt(event)
    if (id !== undefined && !this.#gesture.swallowsClick()) this.#select(id)
  }

  #select(id: string): void {
    this.#current = id
    this.dispatchEvent(new CustomEvent('tm-select', { detail: id, bubbles: true, composed: true }))
  }

  #stage(): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>('.stage')
  }
}

/** Where the picture goes when an arrow key moves what is looked at. */
const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
}

function isArrow(key: string): key is ArrowKey {
  return key in ARROWS
}

/** Id of the step that an event is on. */
function stepAt(event: Event): string | undefined {
  for (const target of event.composedPath()) {
    if (target instanceof SVGElement && target.dataset.step !== undefined) return target.dataset.step
  }
  return undefined
}

/** Pixels that a wheel event stands for; some browsers count lines. */
function pixels({ deltaY, deltaMode }: WheelEvent): number {
  return deltaMode === WheelEvent.DOM_DELTA_LINE ? deltaY * 20 : deltaY
}

/** An edge is done when its step succeeded, and idle when what it leads to never runs. */
function edgeClass(from: StepRow | undefined, to: StepRow | undefined): string {
  if (to?.state === 'skipped' || to?.state === 'cancelled') return 'idle'
  return from?.state === 'succeeded' ? 'done' : ''
}

customElements.define('tm-step-graph', StepGraph)
