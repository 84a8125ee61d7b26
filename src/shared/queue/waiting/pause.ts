/** What runs no task for now: everything, a category of tools, or one tool. What runs already is not touched. */
export type Pause = { scope: 'queue' } | { scope: 'category'; name: string } | { scope: 'tool'; name: string }

/** Whether tasks of a tool are held by `pause`. */
export function isPausedBy(pause: Pause, tool: string, category: string | undefined): boolean {
  if (pause.scope === 'queue') return true
  return pause.scope === 'tool' ? pause.name === tool : pause.name === category
}

/** For a person: what is paused. */
export function describePause(pause: Pause): string {
  return pause.scope === 'queue' ? 'the queue is paused' : `${pause.scope} ${pause.name} is paused`
}
