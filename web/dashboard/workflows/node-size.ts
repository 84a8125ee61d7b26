/** Of a step in the graph, in pixels at a scale of 1. */
export const NODE_WIDTH = 208
export const NODE_HEIGHT = 56
