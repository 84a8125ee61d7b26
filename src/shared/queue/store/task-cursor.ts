import { InvalidInputError } from '../../errors.ts'
import type { TaskFilter } from './store.ts'

/** Where a page of a list ended: the last task that was looked at. */
export interface TaskPosition {
  order: number
  /** When it ended, epoch milliseconds; 0 in a list by `created`. */
  ended_at: number
}

const FORM = /^(c|e([0-9]{1,15})\.)([0-9]{1,15})$/

/** The cursor that stands for a position in a list sorted by `sort`. */
export function cursorOf({ order, ended_at }: TaskPosition, sort: TaskFilter['sort']): string {
  return sort === 'ended' ? `e${ended_at}.${order}` : `c${order}`
}

/** Throws `invalid_input` for what is no cursor of a list with this sort. */
export function parseCursor({ cursor, sort }: TaskFilter): TaskPosition | undefined {
  if (cursor === undefined) return undefined
  const [, kind, endedAt, order] = FORM.exec(cursor) ?? []
  if (order === undefined || kind?.startsWith('e') !== (sort === 'ended')) {
    throw new InvalidInputError('/cursor', cursor, 'next_cursor of an earlier page of the same list')
  }
  return { order: Number(order), ended_at: Number(endedAt ?? 0) }
}
