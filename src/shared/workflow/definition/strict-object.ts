import { z } from 'zod'
import { closestName } from '../../tools/closest-name.ts'

/**
 * An object of these properties and no other. The message of its `unrecognized_keys` has one line for each of them: what
 * was probably meant, and what there is.
 */
export function strictObject<S extends z.core.$ZodLooseShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  const names = Object.keys(shape)
  return z.strictObject(shape, {
    error: issue =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map(key => allowedFor(key, names)).join('\n')
        : undefined,
  })
}

function allowedFor(key: string, names: readonly string[]): string {
  const meant = closestName(key, names)
  return `only these properties: ${names.join(', ')}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`
}
