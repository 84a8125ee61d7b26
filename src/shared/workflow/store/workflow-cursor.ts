import { InvalidInputError } from '../../errors.ts'

const FORM = /^w([0-9]{1,15})$/

/** The cursor that stands for a position in a list of workflows: `order` counts them as they were made. */
export function cursorOf(order: number): string {
  return `w${order}`
}

/** Throws `invalid_input` for what is no cursor of a list of workflows. */
export function parseCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined
  const order = FORM.exec(cursor)?.[1]
  if (order === undefined) {
    throw new InvalidInputError('/cursor', cursor, 'next_cursor of an earlier page of the same list')
  }
  return Number(order)
}
