import type { z } from 'zod'

type Issue = Parameters<z.core.$ZodErrorMap>[0]

/**
 * Says of a value that a zod schema refused what is allowed instead, in the words of all our errors: to be given to
 * `safeParse` as `error`. A text that the schema itself has for it goes before these.
 */
export const allowedByZod: z.core.$ZodErrorMap = issue => {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? `of type ${issue.expected}`
    case 'invalid_value':
      return `${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(value => JSON.stringify(value)).join(', ')}`
    case 'too_big':
      return `at most ${amount(issue.origin, issue.maximum)}`
    case 'too_small':
      return `at least ${amount(issue.origin, issue.minimum)}`
    case 'invalid_union':
      return eitherOf(issue)
    default:
      return undefined
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
}

function amount(origin: string, limit: number | bigint): string {
  if (origin === 'string') return `${limit} ${limit === 1 ? 'character' : 'characters'}`
  if (origin === 'array' || origin === 'set') return `${limit} ${limit === 1 ? 'item' : 'items'}`
  return String(limit)
}

/** What each branch would have taken. */
function eitherOf(issue: Extract<Issue, { code: 'invalid_union' }>): string | undefined {
  const branches = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first.message]))
  return branches.length === 0 ? undefined : [...new Set(branches)].join(', or ')
}
