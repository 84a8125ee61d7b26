/** What a JSON Schema keyword allows, in words for the person or agent whose value it refused. */
export function describeKeyword(keyword: string, schema: unknown): string {
  const limit = text(schema, keyword)
  switch (keyword) {
    case 'type':
    case 'present':
      return describeSchema(schema)
    case 'enum':
      return `one of ${list(get(schema, 'enum'))}`
    case 'const':
      return `${limit}`
    case 'minLength':
      return `at least ${limit} characters`
    case 'maxLength':
      return `at most ${limit} characters`
    case 'minItems':
      return `at least ${limit} items`
    case 'maxItems':
      return `at most ${limit} items`
    case 'minimum':
    case 'maximum':
      return range(schema)
    case 'exclusiveMinimum':
      return `more than ${limit}`
    case 'exclusiveMaximum':
      return `less than ${limit}`
    case 'multipleOf':
      return `a multiple of ${limit}`
    case 'pattern':
      return `text that matches ${limit}`
    case 'format':
      return `a ${limit}`
    case 'uniqueItems':
      return 'items that differ from each other'
    case 'additionalProperties':
      return `only these properties: ${list(Object.keys(Object(get(schema, 'properties'))))}`
    default:
      return `a value that fits "${keyword}": ${limit}`
  }
}

function describeSchema(schema: unknown): string {
  const values = get(schema, 'enum')
  if (Array.isArray(values)) return `one of ${list(values)}`
  const type = get(schema, 'type')
  const name = Array.isArray(type) ? type.join(' or ') : typeof type === 'string' ? type : 'value'
  const article = /^[aeiou]/.test(name) ? 'an' : 'a'
  const description = get(schema, 'description')
  return typeof description === 'string' ? `${article} ${name} (${description})` : `${article} ${name}`
}

function range(schema: unknown): string {
  const [minimum, maximum] = [get(schema, 'minimum'), get(schema, 'maximum')]
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`
  return minimum === undefined ? `at most ${maximum}` : `at least ${minimum}`
}

function list(values: unknown): string {
  return Array.isArray(values)
    ? values.map(value => (typeof value === 'string' ? value : JSON.stringify(value))).join(', ')
    : ''
}

function text(schema: unknown, keyword: string): string {
  const value = get(schema, keyword)
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

function get(schema: unknown, key: string): unknown {
  return typeof schema === 'object' && schema !== null ? Reflect.get(schema, key) : undefined
}
