import type { StepState } from '../workflow.ts'
import { orderOf } from './critical-path.ts'
import type { Plan, PlanStep } from './plan.ts'

/** What a drawing shows beside the graph. */
export interface DrawingOptions {
  /** State of a step; without it the drawing is of a plan. */
  stateOf?: (step: PlanStep) => StepState
  /** The steps of the critical path; the edges along it are thick. */
  critical?: readonly PlanStep[]
  /** Steps that are drawn, the first ones in the order in which they run; one more node stands for the rest. */
  maxSteps?: number
}

/** What can still be drawn and looked at. */
const MAX_DRAWN = 500

/** Colour and shape of a state: either of them tells it. */
const LOOKS = {
  pending: { fill: '#ffffff', line: '#6b7280', mermaid: ['[', ']'], dot: 'shape=box,style="filled,dashed"' },
  waiting: { fill: '#fef3c7', line: '#b45309', mermaid: ['{{', '}}'], dot: 'shape=hexagon,style=filled' },
  running: {
    fill: '#dbeafe',
    line: '#1d4ed8',
    mermaid: ['([', '])'],
    dot: 'shape=box,style="filled,bold",peripheries=2',
  },
  succeeded: {
    fill: '#dcfce7',
    line: '#15803d',
    mermaid: ['(', ')'],
    dot: 'shape=box,style="filled,rounded"',
  },
  failed: { fill: '#fee2e2', line: '#b91c1c', mermaid: ['[[', ']]'], dot: 'shape=octagon,style=filled' },
  skipped: { fill: '#f3f4f6', line: '#6b7280', mermaid: ['>', ']'], dot: 'shape=note,style="filled,dotted"' },
  cancelled: {
    fill: '#e5e7eb',
    line: '#374151',
    mermaid: ['[/', '/]'],
    dot: 'shape=parallelogram,style=filled',
  },
} as const satisfies Record<
  StepState,
  { fill: string; line: string; mermaid: readonly [string, string]; dot: string }
>

/** The graph in the DOT language of Graphviz. */
export function toDot(plan: Plan, options: DrawingOptions = {}): string {
  const { steps, rest, edges } = drawn(plan, options)
  return [
    `digraph ${dotText(plan.definition.name)} {`,
    '  rankdir=LR;',
    '  node [fontname="sans-serif",fontsize=11,fontcolor="#111827"];',
    ...steps.map(step => {
      const { fill, line, dot } = LOOKS[options.stateOf?.(step) ?? 'pending']
      return `  s${step.index} [label=${dotText(labelOf(step, options).join('\n'))},${dot},fillcolor="${fill}",color="${line}"];`
    }),
    ...(rest === 0 ? [] : [`  rest [label=${dotText(restOf(rest))},shape=plaintext];`]),
    ...edges.map(
      ({ from, to, critical }) => `  s${from.index} -> s${to.index}${critical ? ' [penwidth=3]' : ''};`,
    ),
    '}',
    '',
  ].join('\n')
}

/** The graph as a Mermaid flowchart. */
export function toMermaid(plan: Plan, options: DrawingOptions = {}): string {
  const { steps, rest, edges } = drawn(plan, options)
  const states = [...new Set(steps.map(step => options.stateOf?.(step) ?? 'pending'))]
  return [
    'flowchart LR',
    ...steps.map(step => {
      const state = options.stateOf?.(step) ?? 'pending'
      const [open, close] = LOOKS[state].mermaid
      const label = labelOf(step, options).map(mermaidText).join('<br/>')
      return `  s${step.index}${open}"${label}"${close}:::${state}`
    }),
    ...(rest === 0 ? [] : [`  rest["${mermaidText(restOf(rest))}"]`]),
    ...edges.map(({ from, to, critical }) => `  s${from.index} ${critical ? '==>' : '-->'} s${to.index}`),
    ...states.map(
      state =>
        `  classDef ${state} fill:${LOOKS[state].fill},stroke:${LOOKS[state].line},color:#111827${state === 'pending' ? ',stroke-dasharray:4' : ''}`,
    ),
    '',
  ].join('\n')
}

interface Edge {
  from: PlanStep
  to: PlanStep
  critical: boolean
}

function drawn(
  plan: Plan,
  { maxSteps = MAX_DRAWN, critical = [] }: DrawingOptions,
): { steps: readonly PlanStep[]; rest: number; edges: Edge[] } {
  const chosen = new Set(orderOf(plan).slice(0, maxSteps))
  const steps = plan.steps.filter(step => chosen.has(step))
  const nextOnPath = new Map(critical.map((step, at) => [step, critical[at + 1]]))
  const edges = steps.flatMap(to =>
    to.dependencies.flatMap(index => {
      const from = plan.steps[index]
      if (from === undefined || !chosen.has(from)) return []
      return [{ from, to, critical: nextOnPath.get(from) === to }]
    }),
  )
  return { steps, rest: plan.steps.length - steps.length, edges }
}

/** Lines of a step's label. */
function labelOf(step: PlanStep, { stateOf }: DrawingOptions): string[] {
  const { title } = step.definition
  const lines = [title === undefined ? step.id : `${step.id}: ${title}`, whatOf(step)]
  return stateOf === undefined ? lines : [...lines, stateOf(step)]
}

function whatOf({ work }: PlanStep): string {
  switch (work.kind) {
    case 'task':
      return work.forEach === undefined ? work.tool.name : `${work.tool.name} for each`
    case 'workflow':
      return `workflow ${work.ref.name}${work.forEach === undefined ? '' : ' for each'}`
    case 'wait':
      return `wait ${work.ms} ms`
    case 'until':
      return 'wait until a time'
    case 'signal':
      return `wait for ${work.signal}`
  }
}

function restOf(count: number): string {
  return `and ${count} more ${count === 1 ? 'step' : 'steps'}`
}

/** A quoted string; only the line breaks that we put in are kept. */
function dotText(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll(CONTROL, ' ')}"`
}

/** Everything but letters, digits and plain punctuation by its code, as Mermaid wants it; it can open or close nothing. */
function mermaidText(text: string): string {
  return text
    .replaceAll(CONTROL, ' ')
    .replaceAll(/[^\p{L}\p{N} _.,:+-]/gu, char => `#${char.codePointAt(0) ?? 63};`)
}

/** Control and format characters, among them those that turn the direction of writing. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
