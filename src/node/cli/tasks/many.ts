import { z } from 'zod'
import { ERROR_TABLE, type ErrorCode, errorFromFacts } from '../../../shared/errors.ts'
import { printJson, printLine } from '../output.ts'

const facts = z.looseObject({
  code: z.custom<ErrorCode>(code => typeof code === 'string' && Object.hasOwn(ERROR_TABLE, code)),
  message: z.string(),
  retryable: z.boolean(),
})

const eachSchema = z.looseObject({
  task_id: z.string().optional(),
  state: z.string().optional(),
  resubmitted_from: z.string().optional(),
  error: facts.optional(),
})

/** An answer for many tasks: what became of each. */
export const manySchema = z.looseObject({ tasks: z.array(eachSchema) })

/**
 * Prints what became of each, whatever became of the others, and then throws the error of the first that was refused,
 * which gives the command its exit status.
 */
export function printMany(
  answer: z.infer<typeof manySchema>,
  asJson: boolean,
  line: (each: z.infer<typeof eachSchema>) => string,
): void {
  if (asJson) printJson(answer)
  else for (const each of answer.tasks) if (each.error === undefined) printLine(line(each))
  const refused = answer.tasks.flatMap(({ error }) => (error === undefined ? [] : [error]))
  const [first] = refused
  if (first === undefined) return
  const more = refused.length === 1 ? '' : `, and ${refused.length - 1} more were refused`
  const { code, message, retryable } = first
  throw errorFromFacts({ code, message: `${message}${more}`, retryable })
}
