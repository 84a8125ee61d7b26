import type { Json, JsonObject } from '../../shared/tools/tool.ts'
import { UsageError } from './errors.ts'

type Flags = ReadonlyMap<string, string | true>

/** The text of a flag, or undefined where it was not given. */
export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags.get(name)
  return typeof value === 'string' ? value : undefined
}

/** @throws UsageError for what is not a whole number of at least `min` */
export function integerFlag(flags: Flags, name: string, min: number): number | undefined {
  const value = textFlag(flags, name)
  if (value === undefined) return undefined
  const number = Number(value)
  if (Number.isSafeInteger(number) && number >= min) return number
  throw new UsageError(`--${name}: got ${JSON.stringify(value)}, allowed: a whole number, at least ${min}`)
}

/** Milliseconds of `90s`, `30m`, `24h`, `7d`. @throws UsageError */
export function durationFlag(flags: Flags, name: string): number | undefined {
  const value = textFlag(flags, name)
  if (value === undefined) return undefined
  const [, amount, unit = ''] = /^(\d+)(ms|s|m|h|d)$/.exec(value) ?? []
  const unitMs = UNIT_MS.get(unit)
  if (amount !== undefined && unitMs !== undefined) return Number(amount) * unitMs
  throw new UsageError(`--${name}: got ${JSON.stringify(value)}, allowed: a time as 90s, 30m, 24h or 7d`)
}

const UNIT_MS = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/** The items of `a,b`. */
export function listFlag(flags: Flags, name: string): string[] | undefined {
  const items = textFlag(flags, name)
    ?.split(',')
    .map(item => item.trim())
  return items?.filter(item => item !== '')
}

/** The items of `a=1,b=2`. @throws UsageError for one without a name or `=` */
export function labelsFlag(flags: Flags, name: string): Record<string, string> | undefined {
  const items = listFlag(flags, name)
  if (items === undefined) return undefined
  return Object.fromEntries(
    items.map(item => {
      const at = item.indexOf('=')
      if (at < 1)
        throw new UsageError(
          `--${name}: got ${JSON.stringify(item)}, allowed: labels as team=search,env=test`,
        )
      return [item.slice(0, at), item.slice(at + 1)]
    }),
  )
}

/** @throws UsageError for what is not a JSON object */
export function jsonObject(text: string, what: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${what}: is not JSON: ${reason}`, 'a JSON object')
  }
  if (isObject(value)) return value
  throw new UsageError(`${what}: got ${text.slice(0, 120)}, allowed: a JSON object`, 'a JSON object')
}

/** What was parsed from JSON and is an object holds JSON only. */
function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The JSON object of a flag, or an empty one where it was not given. @throws UsageError */
export function jsonFlag(flags: Flags, name: string): JsonObject {
  const text = textFlag(flags, name)
  return text === undefined ? {} : jsonObject(text, `--${name}`)
}

/** `values` without those that are undefined: the input of a tool that has defaults for them. */
export function given(values: Record<string, Json | undefined>): JsonObject {
  const input: JsonObject = {}
  for (const [key, value] of Object.entries(values)) if (value !== undefined) input[key] = value
  return input
}
