import { z } from 'zod'
import { ERROR_TABLE, type ErrorCode, type ErrorFacts } from '../errors.ts'

const codes = Object.keys(ERROR_TABLE).filter((key): key is ErrorCode => Object.hasOwn(ERROR_TABLE, key))

/** An error's facts, as they come from another peer and stand in results. */
export const errorFacts: z.ZodType<ErrorFacts> = z.object({
  code: z.enum(codes),
  message: z.string(),
  retryable: z.boolean().describe('Whether the same request may succeed later.'),
  field: z.string().exactOptional().describe('The field at fault.'),
  value: z.unknown().exactOptional(),
  allowed: z.string().exactOptional().describe('What is allowed instead.'),
  retry_after_ms: z.number().exactOptional(),
  faults: z
    .array(
      z.object({
        field: z.string(),
        message: z.string(),
        value: z.unknown().exactOptional(),
        allowed: z.string().exactOptional(),
      }),
    )
    .exactOptional()
    .describe('All that is wrong, where it was looked at as a whole.'),
})
