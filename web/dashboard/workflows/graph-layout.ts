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
      points: routed(graph.edge(edge).points, direction, graph.node(edge.v), graph.node(edge.w)),
    })),
  }
}

/**
 * The way of an edge: out of the middle of one side of a node, into the middle of that of the other, straight through
 * the layers that it passes and turning only between them. Dagre gives a point for each layer and one between each two,
 * and lets the ends touch a node anywhere.
 */
function routed(points: readonly Point[], direction: Direction, from: Point, to: Point): Point[] {
  const passed = points.slice(1, -1).filter((_point, index) => index % 2 === 1)
  const [dx, dy] = direction === 'LR' ? [NODE_WIDTH / 2, 0] : [0, NODE_HEIGHT / 2]
  const before = ({ x, y }: Point) => ({ x: x - dx, y: y - dy })
  const behind = ({ x, y }: Point) => ({ x: x + dx, y: y + dy })
  return [behind(from), ...passed.flatMap(point => [before(point), behind(point)]), before(to)]
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
