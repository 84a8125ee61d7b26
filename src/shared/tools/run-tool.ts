import type { z } from 'zod'
import { InvalidInputError, ToolmeshError } from '../errors.ts'
import { allowedByZod } from './allowed-by-zod.ts'
import { ToolCancelledError, ToolFailedError } from './errors.ts'
import { escapePointer, isJson, pathOfNonJson } from './json.ts'
import type { Json, Tool, ToolContext } from './tool.ts'

/**
 * One run of a tool, the same on every runtime: input parsed (defaults filled in), code run, output parsed.
 * Throws `invalid_input` for an input that does not fit; `cancelled` (or the signal's own reason, if that is a
 * ToolmeshError, such as `timed_out`) once the signal is aborted; the tool's own ToolmeshError as it is; and
 * `tool_failed` for anything else it throws and for an output that its schema or JSON does not allow.
 */
export async function runTool(tool: Tool, input: Json, context: ToolContext): Promise<Json> {
  const parsed = await tool.input.safeParseAsync(input, { error: allowedByZod })
  if (!parsed.success) throw invalidInput(parsed.error, input)

  // Right before the tool starts: a tool that waits for the abort event would never see one that came before.
  throwIfAborted(tool, context.signal)
  const output = await run(tool, parsed.data, context)

  const checked = await tool.output.safeParseAsync(output)
  if (!checked.success) {
    const issue = checked.error.issues[0]
    throw new ToolFailedError(
      tool.name,
      `its output at "${pointer(issue?.path)}" is wrong: ${issue?.message}`,
    )
  }
  if (!isJson(checked.data)) {
    throw new ToolFailedError(tool.name, `its output at "${pathOfNonJson(checked.data)}" is not JSON`)
  }
  return checked.data
}

async function run(tool: Tool, input: unknown, context: ToolContext): Promise<unknown> {
  try {
    return await tool.run(input, context)
  } catch (error) {
    throwIfAborted(tool, context.signal)
    if (error instanceof ToolmeshError) throw error
    throw new ToolFailedError(tool.name, reasonOf(error), error)
  }
}

/** Libraries also throw plain objects with a message. */
function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return String(error)
  return String(error.message)
}

function throwIfAborted(tool: Tool, signal: AbortSignal): void {
  if (!signal.aborted) return
  if (signal.reason instanceof ToolmeshError) throw signal.reason
  throw new ToolCancelledError(tool.name, signal.reason)
}

function invalidInput(error: z.ZodError, input: Json): InvalidInputError {
  const issue = error.issues[0]
  return new InvalidInputError(
    pointer(issue?.path),
    valueAt(input, issue?.path ?? []),
    issue?.message ?? 'a valid input',
  )
}

function pointer(path: readonly PropertyKey[] = []): string {
  return path.map(key => `/${escapePointer(String(key))}`).join('')
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
    value,
  )
}
