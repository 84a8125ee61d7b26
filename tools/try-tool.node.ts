/** How the tests of the tools run a tool: as every runtime does, on files of `fixtures/`. */
import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { runTool } from '../src/shared/tools/run-tool.ts'
import type { LogLine, Progress, Tool, ToolContext } from '../src/shared/tools/tool.ts'

/** A context that keeps what the tool reports. */
export class TestContext implements ToolContext {
  readonly controller = new AbortController()
  readonly signal = this.controller.signal
  readonly progressed: Progress[] = []
  readonly logged: LogLine[] = []

  progress(done: number, total?: number, message?: string): void {
    this.progressed.push({
      done,
      ...(total === undefined ? {} : { total }),
      ...(message === undefined ? {} : { message }),
    })
  }

  log(level: LogLine['level'], message: string): void {
    this.logged.push({ level, message })
  }
}

/** Runs a tool with input and output checked. Throws what `runTool` throws. */
export async function tryTool<I extends z.ZodType, O extends z.ZodType>(
  tool: Tool<I, O>,
  input: z.input<I>,
  context: ToolContext = new TestContext(),
): Promise<z.output<O>> {
  const json: unknown = JSON.parse(JSON.stringify(input))
  return tool.output.parse(await runTool(tool, json as Parameters<typeof runTool>[1], context))
}

/** The bytes of a file of `fixtures/`. */
export function fixtureBytes(name: string): Promise<Uint8Array> {
  return readFile(new URL(`fixtures/${name}`, import.meta.url))
}

/** A text file of `fixtures/`, UTF-8. */
export function fixtureText(name: string): Promise<string> {
  return readFile(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}

/** A file of `fixtures/` as base64. */
export async function fixtureBase64(name: string): Promise<string> {
  return Buffer.from(await fixtureBytes(name)).toString('base64')
}
