/** Lays one graph out, off the page's thread. */
import { type Direction, type GraphLayout, type GraphStep, layOut } from './graph-layout.ts'

export interface LayoutQuestion {
  steps: readonly GraphStep[]
  direction: Direction
}

addEventListener('message', (event: MessageEvent<LayoutQuestion>) => {
  const { steps, direction } = event.data
  const answer: GraphLayout = layOut(steps, direction)
  postMessage(answer)
})
