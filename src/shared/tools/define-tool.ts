/**
 * What a tool's author calls. A tool file is one default export:
 *
 * ```ts
 * export default defineTool({
 *   name: 'text_reverse', category: 'text', title: 'Reverse text',
 *   description: 'Reverses the characters of a text …',
 *   effects: PURE, platforms: EVERYWHERE,
 *   input: z.strictObject({ text: z.string().max(1_000).describe('The text') }),
 *   output: z.object({ text: z.string().describe('The text, last character first') }),
 *   run: ({ text }) => ({ text: [...text].reverse().join('') }),
 * })
 * ```
 */
import type { z } from 'zod'
import { BadToolError } from './errors.ts'
import type { Effects, Platform, Tool } from './tool.ts'

/** Same input, same output, and nothing touched outside the tool's memory. */
export const PURE: Effects = { repeat: 'pure', reach: [] }

/** Platforms of a tool that uses only what the web platform, Node and Deno share. */
export const EVERYWHERE: readonly Platform[] = ['node', 'deno', 'browser']

/** A tool as written: `inlineMaxBytes` may be left out (0: never on an event loop). */
export type ToolDefinition<I extends z.ZodType, O extends z.ZodType> = Omit<
  Tool<I, O>,
  'inlineMaxBytes' | 'run'
> & {
  inlineMaxBytes?: number
  run(...args: Parameters<Tool<I, O>['run']>): ReturnType<Tool<I, O>['run']>
}

const NAME = /^[a-z][a-z0-9_]{0,63}$/

/** Checks names and fills defaults. Throws {@link BadToolError} for a name that MCP clients could not call. */
export function defineTool<I extends z.ZodType, O extends z.ZodType>(
  definition: ToolDefinition<I, O>,
): Tool<I, O> {
  const { name, category } = definition
  if (!NAME.test(name)) throw new BadToolError(name, `its name must match ${NAME}`)
  if (!NAME.test(category)) throw new BadToolError(name, `its category "${category}" must match ${NAME}`)
  return { ...definition, inlineMaxBytes: definition.inlineMaxBytes ?? 0 }
}
