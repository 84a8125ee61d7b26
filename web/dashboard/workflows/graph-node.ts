import { css, nothing, svg } from 'lit'
import { STATE_SHAPES } from '../../design/state-shapes.ts'
import type { ItemCounts, StepRow } from '../../feed/workflow-schemas.ts'
import { fitText, textWidth } from './fit-text.ts'
import type { Point } from './graph-layout.ts'
import { NODE_HEIGHT, NODE_WIDTH } from './node-size.ts'
import { itemsText, stepLabel, stepTime, stepWork } from './step-text.ts'

/** Left of the texts: the state's shape and its room. */
const TEXT_X = 38
const TEXT_WIDTH = NODE_WIDTH - TEXT_X - 12
/** Between the two texts of the second line. */
const GAP = 10
const BAR_WIDTH = NODE_WIDTH - 2

export interface DrawnNode {
  step: StepRow
  at: Point
  selected: boolean
  /** The one that the tab key reaches; arrow keys go on from it. */
  reachable: boolean
  now: number
}

/** A step in the graph: its state by shape and colour, its name, what it does, how long it took; of a for_each, how far it is. */
export function graphNode({ step, at, selected, reachable, now }: DrawnNode) {
  const { state, items } = step
  const end = items === undefined ? stepTime(step, now) : itemsText(items)
  const name = step.title ?? step.id
  return svg`
    <g class="node ${state} ${selected ? 'selected' : ''}" data-step=${step.id} role="button" tabindex=${reachable ? 0 : -1}
      aria-label=${stepLabel(step, now)} aria-pressed=${selected ? 'true' : 'false'}
      transform="translate(${at.x - NODE_WIDTH / 2} ${at.y - NODE_HEIGHT / 2})">
      <title>${name}</title>
      ${items === undefined ? nothing : svg`<rect class="behind" x="4" y="4" rx="9" width=${NODE_WIDTH} height=${NODE_HEIGHT}></rect>`}
      <rect class="box" rx="9" width=${NODE_WIDTH} height=${NODE_HEIGHT}></rect>
      <svg x="13" y=${NODE_HEIGHT / 2 - 9} width="18" height="18" viewBox="0 0 16 16">
        <g class="shape ${state}">${STATE_SHAPES[state]}</g>
      </svg>
      <text class="name" x=${TEXT_X} y="24">${fitText(name, NAME_FONT, TEXT_WIDTH)}</text>
      <text class="work" x=${TEXT_X} y="42">${fitText(stepWork(step), WORK_FONT, end === '' ? TEXT_WIDTH : TEXT_WIDTH - GAP - textWidth(end, WORK_FONT))}</text>
      <text class="work end" x=${NODE_WIDTH - 12} y="42">${end}</text>
      ${items === undefined ? nothing : bar(items)}
    </g>
  `
}

/** The items of a for_each, each state as wide as its share. */
function bar(items: ItemCounts) {
  const { total, succeeded, failed, cancelled, running } = items
  if (total === 0) return nothing
  const parts = Object.entries({ succeeded, failed, cancelled, running })
  let x = 1
  return parts.map(([state, count]) => {
    const width = (count / total) * BAR_WIDTH
    const from = x
    x += width
    return width === 0
      ? nothing
      : svg`<rect class="part ${state}" x=${from} y=${NODE_HEIGHT - 5} width=${width} height="4"></rect>`
  })
}

const FAMILY =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif'
const NAME_FONT = `600 13px ${FAMILY}`
const WORK_FONT = `400 12px ${FAMILY}`

export const graphNodeStyles = css`
  .node {
    cursor: pointer;
    outline: none;
  }

  .node .box,
  .node .behind {
    fill: var(--surface);
    stroke: currentColor;
    stroke-width: 1.5;
  }

  .node .behind {
    opacity: 0.45;
  }

  .node.pending .box,
  .node.skipped .box,
  .node.cancelled .box {
    stroke: var(--border-strong);
    stroke-dasharray: 4 3;
  }

  .node.succeeded .box {
    fill: var(--ok-soft);
  }

  .node.running .box {
    fill: var(--info-soft);
  }

  .node.waiting .box {
    fill: var(--warn-soft);
  }

  .node.failed .box {
    fill: var(--bad-soft);
  }

  .node:hover .box {
    stroke-width: 2.5;
  }

  .node.selected .box,
  .node:focus-visible .box {
    stroke: var(--accent);
    stroke-dasharray: none;
    stroke-width: 3;
  }

  .node text {
    fill: var(--text);
    font: 600 13px / 1 var(--font);
  }

  .node .work {
    fill: var(--text-muted);
    font: 400 12px / 1 var(--font);
    font-variant-numeric: tabular-nums;
  }

  .node .end {
    text-anchor: end;
  }

  .node.skipped .name,
  .node.cancelled .name {
    fill: var(--text-muted);
  }

  .node .part {
    fill: currentColor;
  }

  /* Only what turns: around its own middle. */
  .node .shape.running {
    transform-origin: 8px 8px;
  }

  /* From far away only colours are seen, and what has not run is hollow. */
  .distant .node.succeeded .box,
  .distant .node.running .box,
  .distant .node.waiting .box,
  .distant .node.failed .box {
    fill: currentColor;
  }

  .distant .node svg {
    display: none;
  }

  /* From afar nobody reads; the states are seen. */
  .far .node text {
    display: none;
  }

  .far .node .box {
    stroke-width: 3;
  }

  .far .node svg {
    transform: translate(80px, 0) scale(2);
    transform-box: fill-box;
    transform-origin: center;
  }
`
