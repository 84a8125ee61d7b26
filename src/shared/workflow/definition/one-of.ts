import { z } from 'zod'
import { allowedByZod } from '../../tools/allowed-by-zod.ts'

type Schemas = Readonly<Record<string, z.ZodType>>

/**
 * One of several schemas, chosen by a look at the value: so that what is wrong is told of the one that was meant, which
 * a union cannot, and so that each value is parsed once. `pick` gives undefined for a value that is none of them.
 * @param allowed what is allowed, for a value that is none of them
 */
export function oneOf<S extends Schemas>(
  schemas: S,
  pick: (value: unknown) => (keyof S & string) | undefined,
  allowed: string,
): z.ZodType<z.output<S[keyof S]>> {
  return z
    .unknown()
    .transform((value, context): z.output<S[keyof S]> => {
      const chosen = pick(value)
      const schema = chosen === undefined ? undefined : schemas[chosen]
      if (schema !== undefined) return parsedBy(schema, value, context)
      context.addIssue({ code: 'custom', message: allowed })
      return z.NEVER
    })
    .meta({ anyOf: Object.values(schemas).map(jsonSchemaPart) })
}

/** A schema that is made later than this one, as those are that lie in themselves. */
export function later<T>(schema: () => z.ZodType<T>): z.ZodType<T> {
  return z.unknown().transform((value, context): T => parsedBy(schema(), value, context))
}

/** The one of some properties that a value has; undefined when it has none of them, or several. */
export function onlyKey<const K extends string>(value: unknown, keys: readonly K[]): K | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const there = keys.filter(key => Object.hasOwn(value, key))
  return there.length === 1 ? there[0] : undefined
}

function parsedBy<S extends z.ZodType>(
  schema: S,
  value: unknown,
  context: z.core.$RefinementCtx,
): z.output<S> {
  const parsed = schema.safeParse(value, { error: allowedByZod })
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) {
    const { message } = issue
    const facts = { message, path: [...issue.path], input: undefined }
    context.issues.push(
      issue.code === 'unrecognized_keys'
        ? { code: 'unrecognized_keys', keys: issue.keys, ...facts }
        : { code: 'custom', ...facts },
    )
  }
  return z.NEVER
}

/** The JSON Schema of a part, to be put into a larger one. */
function jsonSchemaPart(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...part } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'input',
    unrepresentable: 'any',
  })
  return part
}
