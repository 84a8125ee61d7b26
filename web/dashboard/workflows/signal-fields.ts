/**
 * The form of a signal's payload, from the step's schema: an object of plain fields, as MCP elicitation has them
 * (specification 2025-11-25, "Elicitation", requested schema).
 */
export interface Field {
  name: string
  label: string
  description?: string
  required: boolean
  input:
    | {
        kind: 'text'
        type: 'text' | 'email' | 'url' | 'date' | 'datetime-local'
        min?: number
        max?: number
        pattern?: string
      }
    | { kind: 'number'; integer: boolean; min?: number; max?: number }
    | { kind: 'switch' }
    | { kind: 'choice'; options: Option[] }
    | { kind: 'choices'; options: Option[]; min?: number; max?: number }
  /** What it holds at first. */
  initial?: unknown
}

export interface Option {
  value: string
  label: string
}

/** Names of a field whose two values are an approval and its refusal: they get a button each. */
const APPROVAL = /^(approve|approved|accept|accepted|allow|allowed|confirm|confirmed|ok)$/i

/** The fields of a schema, in its order; undefined if it is none that a form can be made of. */
export function fieldsOf(schema: Record<string, unknown>): Field[] | undefined {
  const { properties, required } = schema
  if (!isRecord(properties)) return undefined
  const needed = new Set(Array.isArray(required) ? required : [])
  const fields: Field[] = []
  for (const [name, property] of Object.entries(properties)) {
    const input = isRecord(property) ? inputOf(property) : undefined
    if (input === undefined || !isRecord(property)) return undefined
    fields.push({
      name,
      label: typeof property.title === 'string' ? property.title : name.replaceAll('_', ' '),
      ...(typeof property.description === 'string' ? { description: property.description } : {}),
      required: needed.has(name),
      input,
      ...(property.default === undefined ? {} : { initial: property.default }),
    })
  }
  return fields
}

/** The field that says yes or no to the whole, where there is one. */
export function approvalOf(fields: readonly Field[]): Field | undefined {
  const switches = fields.filter(({ input }) => input.kind === 'switch')
  return switches.find(({ name }) => APPROVAL.test(name)) ?? (fields.length === 1 ? switches[0] : undefined)
}

/** The payload of what was filled in; what was left empty is not in it. */
export function payloadOf(
  fields: readonly Field[],
  filled: (name: string) => string[],
): Record<string, unknown> {
  const payload: Record<string, unknown> = {}
  for (const { name, input, required } of fields) {
    const values = filled(name).filter(value => value !== '')
    const [value] = values
    if (input.kind === 'switch') payload[name] = value === 'true'
    else if (input.kind === 'choices') {
      if (values.length > 0 || required) payload[name] = values
    } else if (value !== undefined) {
      payload[name] = input.kind === 'number' ? Number(value) : zoned(input, value)
    }
  }
  return payload
}

/** A time that a person gave in their own zone is sent as what it is everywhere. */
function zoned(input: Field['input'], value: string): string {
  return input.kind === 'text' && input.type === 'datetime-local' ? new Date(value).toISOString() : value
}

const TEXT_TYPES: Record<string, 'email' | 'url' | 'date' | 'datetime-local'> = {
  email: 'email',
  uri: 'url',
  date: 'date',
  'date-time': 'datetime-local',
}

function inputOf(property: Record<string, unknown>): Field['input'] | undefined {
  const options = optionsOf(property)
  if (options !== undefined) return { kind: 'choice', options }
  switch (property.type) {
    case 'string':
      return {
        kind: 'text',
        type: TEXT_TYPES[String(property.format)] ?? 'text',
        ...limits(property, 'minLength', 'maxLength'),
        ...(typeof property.pattern === 'string' ? { pattern: property.pattern } : {}),
      }
    case 'number':
    case 'integer':
      return {
        kind: 'number',
        integer: property.type === 'integer',
        ...limits(property, 'minimum', 'maximum'),
      }
    case 'boolean':
      return { kind: 'switch' }
    case 'array': {
      const several = isRecord(property.items) ? optionsOf(property.items) : undefined
      return several === undefined
        ? undefined
        : { kind: 'choices', options: several, ...limits(property, 'minItems', 'maxItems') }
    }
    default:
      return undefined
  }
}

function optionsOf(property: Record<string, unknown>): Option[] | undefined {
  const titled = property.oneOf ?? property.anyOf
  if (Array.isArray(titled)) {
    const options = titled.map(optionOf)
    return options.every(option => option !== undefined) ? options : undefined
  }
  const { enum: values, enumNames: names } = property
  if (!Array.isArray(values) || !values.every(value => typeof value === 'string')) return undefined
  return values.map((value, index) => {
    const name: unknown = Array.isArray(names) ? names[index] : undefined
    return { value, label: typeof name === 'string' ? name : value }
  })
}

function optionOf(entry: unknown): Option | undefined {
  if (!isRecord(entry) || typeof entry.const !== 'string') return undefined
  return { value: entry.const, label: typeof entry.title === 'string' ? entry.title : entry.const }
}

function limits(
  property: Record<string, unknown>,
  least: string,
  most: string,
): { min?: number; max?: number } {
  const min = property[least]
  const max = property[most]
  return {
    ...(typeof min === 'number' ? { min } : {}),
    ...(typeof max === 'number' ? { max } : {}),
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
