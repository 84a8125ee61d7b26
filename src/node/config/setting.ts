/**
 * What one setting is: its schema, and the facts that flags, variables, error messages and the
 * documentation need of it. A constructor for each kind of value.
 */
import { z } from 'zod'

/** What a default may depend on. Settings are resolved in the order of the schema. */
export interface Circumstances {
  hostname: string
  cores: number
  /** The values of `lan` and `http.host`, once they are resolved. */
  lan: boolean
  httpHost: string
}

export interface SettingFacts {
  kind: 'text' | 'flag' | 'integer' | 'choice' | 'list'
  description: string
  /** For error messages and the documentation: what values there may be. */
  allowed: string
  default: (circumstances: Circumstances) => unknown
  /** How the documentation names a default that depends on the machine or on other settings. */
  defaultText: string
  /** A credential: its value is never shown. */
  secret: boolean
}

interface Described<T> {
  description: string
  default: T | ((circumstances: Circumstances) => T)
  /** Required beside a computed default. */
  defaultText?: string
  /** Replaces the text made from the kind of the setting. */
  allowed?: string
}

/** The facts of each leaf of the configuration schema. */
const registry = z.registry<SettingFacts>()

/** The facts of a leaf; undefined for a section. */
export function factsOfSetting(schema: z.core.$ZodType): SettingFacts | undefined {
  return registry.get(schema)
}

export function text(
  about: Described<string> & { pattern?: RegExp; optional?: boolean; secret?: boolean },
): z.ZodString {
  const plain = z.string().max(4096)
  const bounded = about.optional ? plain : plain.min(1)
  const schema = about.pattern === undefined ? bounded : bounded.regex(about.pattern)
  return describe(schema, 'text', about, about.optional ? 'text' : 'a text that is not empty')
}

export function flag(about: Described<boolean>): z.ZodBoolean {
  return describe(z.boolean(), 'flag', about, 'true or false')
}

export function integer(about: Described<number> & { min: number; max: number; unit?: string }): z.ZodNumber {
  const schema = z.number().int().min(about.min).max(about.max)
  const unit = about.unit === undefined ? '' : ` (${about.unit})`
  return describe(schema, 'integer', about, `a whole number from ${about.min} to ${about.max}${unit}`)
}

export function choice<const V extends readonly [string, ...string[]]>(
  values: V,
  about: Described<V[number]>,
): z.ZodEnum<z.core.util.ToEnum<V[number]>> {
  return describe(z.enum(values), 'choice', about, values.join(' or '))
}

/** A list of texts; in flags and variables separated by commas, and a flag may be given more than once. */
export function list(
  about: Described<string[]> & { each: RegExp; allowed: string },
): z.ZodArray<z.ZodString> {
  return describe(z.array(z.string().regex(about.each)).max(64), 'list', about, about.allowed)
}

/**
 * The value that a text from a flag or a variable stands for. A text that does not fit the kind comes
 * back as it is, so that the schema refuses it and the error shows what was given.
 */
export function valueFromText(facts: SettingFacts, given: string): unknown {
  if (facts.kind === 'flag') return FLAG_WORDS.get(given.trim().toLowerCase()) ?? given
  if (facts.kind === 'integer') return /^-?\d+$/.test(given.trim()) ? Number(given) : given
  if (facts.kind !== 'list') return given
  return given
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}

const FLAG_WORDS = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['0', false],
  ['no', false],
  ['off', false],
])

function describe<S extends z.ZodType, T>(
  schema: S,
  kind: SettingFacts['kind'],
  about: Described<T> & { secret?: boolean },
  allowed: string,
): S {
  const value = about.default
  registry.add(schema, {
    kind,
    description: about.description,
    allowed: about.allowed ?? allowed,
    default: isComputed(value) ? value : () => value,
    defaultText: about.defaultText ?? (kind === 'list' ? '(none)' : String(value) || '(none)'),
    secret: about.secret ?? false,
  })
  return schema
}

function isComputed<T>(value: T | ((circumstances: Circumstances) => T)): value is (c: Circumstances) => T {
  return typeof value === 'function'
}
