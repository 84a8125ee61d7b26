import { z } from 'zod'

/** Distinct values are counted exactly up to this many, to bound memory. */
const MAX_DISTINCT = 100_000
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const INTEGER = /^[+-]?\d+$/
const BOOLEAN = /^(?:true|false|yes|no)$/i
/** A date, or a date and time, of ISO 8601. */
const DATE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/

export const columnProfile = z.object({
  name: z.string().describe('Name of the column'),
  type: z
    .enum(['integer', 'number', 'boolean', 'date', 'string', 'empty'])
    .describe('What all non-empty values are'),
  empty: z.int().describe('Number of empty values'),
  distinct: z.int().describe(`Number of different non-empty values; counting stops at ${MAX_DISTINCT}`),
  min: z
    .union([z.number(), z.string()])
    .nullable()
    .describe('Least value: by number for numbers, else by code units'),
  max: z.union([z.number(), z.string()]).nullable().describe('Greatest value'),
  mean: z.number().nullable().describe('Mean of a numeric column'),
  longest: z.int().describe('Length of the longest value, UTF-16 code units'),
  top: z
    .array(
      z.object({ value: z.string().describe('The value'), count: z.int().describe('How often it comes') }),
    )
    .describe('Most frequent values, most frequent first'),
})
export type ColumnProfile = z.infer<typeof columnProfile>

/** Profile of one column's values as they stand in the file. Spaces around a value do not count. */
export function profileColumn(name: string, values: readonly string[], top: number): ColumnProfile {
  const present = values.map(value => value.trim()).filter(value => value !== '')
  const type = typeOf(present)
  const numeric = type === 'integer' || type === 'number'
  const counts = new Map<string, number>()
  for (const value of present) {
    const count = counts.get(value)
    if (count !== undefined || counts.size < MAX_DISTINCT) counts.set(value, (count ?? 0) + 1)
  }
  const frequent = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, top)
  return {
    name,
    type,
    empty: values.length - present.length,
    distinct: counts.size,
    ...(numeric ? numericRange(present) : textRange(present)),
    longest: present.reduce((longest, value) => Math.max(longest, value.length), 0),
    top: frequent.map(([value, count]) => ({ value, count })),
  }
}

function typeOf(values: readonly string[]): ColumnProfile['type'] {
  if (values.length === 0) return 'empty'
  if (values.every(value => INTEGER.test(value))) return 'integer'
  if (values.every(value => NUMBER.test(value))) return 'number'
  if (values.every(value => BOOLEAN.test(value))) return 'boolean'
  if (values.every(value => DATE.test(value))) return 'date'
  return 'string'
}

function numericRange(values: readonly string[]): Pick<ColumnProfile, 'min' | 'max' | 'mean'> {
  const numbers = values.map(Number).filter(Number.isFinite)
  if (numbers.length === 0) return { min: null, max: null, mean: null }
  return {
    min: numbers.reduce((least, number) => Math.min(least, number)),
    max: numbers.reduce((most, number) => Math.max(most, number)),
    // Divided first: the sum of large values would be infinite.
    mean: numbers.reduce((sum, number) => sum + number / numbers.length, 0),
  }
}

function textRange(values: readonly string[]): Pick<ColumnProfile, 'min' | 'max' | 'mean'> {
  if (values.length === 0) return { min: null, max: null, mean: null }
  return {
    min: values.reduce((least, value) => (value < least ? value : least)),
    max: values.reduce((most, value) => (value > most ? value : most)),
    mean: null,
  }
}
