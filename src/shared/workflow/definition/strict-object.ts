import { z } from 'zod'
import { closestName } from '../../tools/closest-name.ts'

/** What other engines and other tools call a property: the words for it here, where one of them is there. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  $expr: ['items'],
  $from: ['items'],
  after: ['depends_on'],
  approval: ['wait'],
  args: ['params', 'input'],
  arguments: ['params', 'input'],
  condition: ['when'],
  delay: ['wait'],
  foreach: ['for_each'],
  if: ['when'],
  input: ['params'],
  inputs: ['params', 'input'],
  inputSchema: ['input_schema'],
  loop: ['for_each'],
  map: ['for_each'],
  max_concurrency: ['concurrency'],
  maxConcurrency: ['concurrency'],
  name: ['id'],
  needs: ['depends_on'],
  nodes: ['steps'],
  outputs: ['output'],
  parameters: ['params', 'input'],
  params: ['input'],
  retries: ['retry'],
  signal: ['wait'],
  sleep: ['wait'],
  tasks: ['steps'],
  timeout: ['timeout_ms', 'attempt_timeout_ms'],
  uses: ['tool'],
  with: ['params', 'input'],
}

/**
 * An object of these properties and no other. The message of its `unrecognized_keys` has one line for each of them: what
 * was probably meant, and what there is.
 * @param allowed what is allowed in the place of what is no object at all
 */
export function strictObject<S extends z.core.$ZodLooseShape>(
  shape: S,
  allowed?: string,
): z.ZodObject<S, z.core.$strict> {
  const names = Object.keys(shape)
  return z.strictObject(shape, {
    error: issue =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map(key => allowedFor(key, names)).join('\n')
        : issue.code === 'invalid_type'
          ? allowed
          : undefined,
  })
}

function allowedFor(key: string, names: readonly string[]): string {
  const synonyms = Object.hasOwn(SYNONYMS, key) ? SYNONYMS[key] : undefined
  const meant = synonyms?.find(name => names.includes(name)) ?? closestName(key, names)
  return `only these properties: ${names.join(', ')}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`
}
