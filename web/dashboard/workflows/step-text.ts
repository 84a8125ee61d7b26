import type { ItemCounts, StepRow } from '../../feed/workflow-schemas.ts'
import { formatDuration, formatElapsed } from '../../format/duration.ts'
import { formatCount } from '../../format/number.ts'

/** What it does, in a few words: its tool, a workflow, or what it waits for. */
export function stepWork(step: StepRow): string {
  switch (step.kind) {
    case 'task':
      return step.tool ?? 'task'
    case 'workflow':
      return 'workflow'
    case 'signal':
      return step.signal === undefined ? 'waits for a signal' : `waits for “${step.signal}”`
    case 'wait':
    case 'until':
      return step.until === undefined
        ? 'waits for a time'
        : `until ${new Date(step.until).toLocaleTimeString()}`
  }
}

/** How long it ran, or has run so far; empty before its start, and for what never ran. */
export function stepTime({ started_at, ended_at }: StepRow, now: number): string {
  if (started_at === undefined) return ''
  const started = Date.parse(started_at)
  return ended_at === undefined
    ? formatElapsed(now - started)
    : formatDuration(Date.parse(ended_at) - started)
}

export function endedItems({ succeeded, failed, cancelled }: ItemCounts): number {
  return succeeded + failed + cancelled
}

export function itemsText(items: ItemCounts): string {
  return `${formatCount(endedItems(items))} / ${formatCount(items.total)}`
}

/** A step in one sentence, for who does not see the picture. */
export function stepLabel(step: StepRow, now: number): string {
  const items = step.items === undefined ? '' : `, ${itemsText(step.items)} items`
  const time = stepTime(step, now)
  const why = step.error?.message ?? step.reason
  return `${step.title ?? step.id}: ${step.state}, ${stepWork(step)}${items}${time === '' ? '' : `, ${time}`}${why === undefined ? '' : `. ${why}`}`
}
