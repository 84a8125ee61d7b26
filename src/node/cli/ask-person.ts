import type { ElicitRequestFormParams, ElicitResult } from '@modelcontextprotocol/sdk/types.js'

type Field = ElicitRequestFormParams['requestedSchema']['properties'][string]
type Value = NonNullable<ElicitResult['content']>[string]

/** The terminal, as far as a person is asked there. */
export interface Terminal {
  print(line: string): void
  /** A line that was typed, undefined at the end of the input. Rejects on abort. */
  question(prompt: string, signal: AbortSignal): Promise<string | undefined>
}

/**
 * Asks what a waiting step asks, field by field; what does not fit its field is asked again. The end of the input is a
 * refusal, an empty line leaves out what is not required or takes the default.
 */
export async function askPerson(
  { message, requestedSchema: { properties, required = [] } }: ElicitRequestFormParams,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ElicitResult> {
  terminal.print(message)
  const fields = Object.entries(properties)
  const content: Record<string, Value> = {}
  for (const [name, field] of fields) {
    const prompt = promptOf(name, field, required.includes(name))
    for (;;) {
      const line = await terminal.question(prompt, signal)
      if (line === undefined) return { action: 'decline' }
      const answer = answerOf(line.trim(), field, required.includes(name))
      if ('value' in answer) {
        if (answer.value !== undefined) content[name] = answer.value
        break
      }
      terminal.print(`allowed: ${answer.allowed}`)
    }
  }
  if (fields.length > 0) return { action: 'accept', content }
  const line = await terminal.question('yes or no? ', signal)
  return isYes(line?.trim() ?? '') === true ? { action: 'accept', content } : { action: 'decline' }
}

function promptOf(name: string, field: Field, required: boolean): string {
  const { title = name, description } = field
  const notes = [description, allowedOf(field), required ? undefined : 'may be left out']
  return `${title} (${notes.filter(note => note !== undefined).join('; ')}): `
}

function answerOf(
  text: string,
  field: Field,
  required: boolean,
): { value: Value | undefined } | { allowed: string } {
  const allowed = allowedOf(field)
  if (text === '' && field.default !== undefined) return { value: field.default }
  if (text === '') return required ? { allowed } : { value: undefined }
  const value = parsedValue(text, field)
  return value === undefined ? { allowed } : { value }
}

function parsedValue(text: string, field: Field): Value | undefined {
  const choices = choicesOf(field)
  switch (field.type) {
    case 'boolean':
      return isYes(text)
    case 'number':
    case 'integer':
      return numberOf(text, field)
    case 'array': {
      const chosen = text.split(',').map(each => each.trim())
      return chosen.every(each => choices?.includes(each)) ? chosen : undefined
    }
    case 'string':
      return choices === undefined || choices.includes(text) ? text : undefined
  }
}

function numberOf(text: string, field: Extract<Field, { type: 'number' | 'integer' }>): number | undefined {
  const { type, minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = field
  const number = Number(text)
  const fits = Number.isFinite(number) && number >= minimum && number <= maximum
  return fits && (type === 'number' || Number.isInteger(number)) ? number : undefined
}

function isYes(text: string): boolean | undefined {
  if (/^y(es)?$/i.test(text)) return true
  return /^no?$/i.test(text) ? false : undefined
}

function allowedOf(field: Field): string {
  const choices = choicesOf(field)
  const byDefault = field.default === undefined ? '' : `, else ${String(field.default)}`
  if (field.type === 'boolean') return `yes or no${byDefault}`
  if (choices === undefined) return `${field.type === 'string' ? 'a text' : `a ${field.type}`}${byDefault}`
  return `${field.type === 'array' ? 'any of' : 'one of'} ${choices.join(', ')}${byDefault}`
}

function choicesOf(field: Field): string[] | undefined {
  if (field.type === 'array') {
    return 'enum' in field.items ? field.items.enum : field.items.anyOf.map(each => each.const)
  }
  if ('enum' in field) return field.enum
  return 'oneOf' in field ? field.oneOf.map(each => each.const) : undefined
}
