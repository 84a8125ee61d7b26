import { Graph, layout } from '@dagrejs/dagre'
import { NODE_HEIGHT, NODE_WIDTH } from './node-size.ts'

/** Which way time goes: to the right, or down where the page is narrow. */
export type Direction = 'LR' | 'TB'

const BETWEEN_NODES = 18
const BETWEEN_RANKS = 56
const MARGIN = 16

/** What is laid out: ids, and for each what has to end before it. */
export interface GraphStep {
  id: string
  depends_on: readonly string[]
}

export interface Point {
  x: number
  y: number
}

/** Where everything stands, from (0, 0) at the top left. Nodes are of one size; their points are their centres. */
export interface GraphLayout {
  direction: Direction
  width: number
  height: number
  nodes: ReadonlyMap<string, Point>
  edges: readonly { from: string; to: string; points: readonly Point[] }[]
}

/**
 * Layers the graph (Sugiyama's method, by dagre): each step behind all that it depends on, with few crossings. Takes about
 * a second for 300 steps with three dependencies each, so it belongs in a worker. A dependency on what is not in
 * `steps` is left out.
 */
export function layOut(steps: readonly GraphStep[], direction: Direction): GraphLayout {
  const graph: DagreGraph = new Graph()
  graph.setGraph({
    rankdir: direction,
    nodesep: BETWEEN_NODES,
    ranksep: BETWEEN_RANKS,
    marginx: MARGIN,
    marginy: MARGIN,
  })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { id } of steps) graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT })
  for (const { id, depends_on } of steps) {
    for (const from of depends_on) if (graph.hasNode(from)) graph.setEdge(from, id)
  }
  layout(graph)
  const { width, height } = graph.graph()
  return {
    direction,
    width,
    height,
    nodes: new Map(steps.map(({ id }) => [id, pointOf(graph.node(id))])),
    edges: graph.edges().map(edge => ({
      from: edge.v,
      to: edge.w,
      points: ported(graph.edge(edge).points, direction, graph.node(edge.v), graph.node(edge.w)),
    })),
  }
}

/** Dagre lets an edge end anywhere on a node's border; here it leaves in the middle of one side and arrives in that of the other. */
function ported(points: readonly Point[], direction: Direction, from: Point, to: Point): Point[] {
  const between = points.slice(1, -1).map(pointOf)
  return direction === 'LR'
    ? [{ x: from.x + NODE_WIDTH / 2, y: from.y }, ...between, { x: to.x - NODE_WIDTH / 2, y: to.y }]
    : [{ x: from.x, y: from.y + NODE_HEIGHT / 2 }, ...between, { x: to.x, y: to.y - NODE_HEIGHT / 2 }]
}

/** As much of dagre's graph as is used: its own declarations do not resolve for a module of ours. */
interface DagreGraph {
  setGraph(options: object): void
  setDefaultEdgeLabel(label: () => object): void
  setNode(id: string, size: { width: number; height: number }): void
  hasNode(id: string): boolean
  setEdge(from: string, to: string): void
  node(id: string): Point
  edges(): { v: string; w: string }[]
  edge(edge: { v: string; w: string }): { points: Point[] }
  graph(): { width: number; height: number }
}

/** Without what dagre keeps beside it. */
function pointOf({ x, y }: Point): Point {
  return { x, y }
}
