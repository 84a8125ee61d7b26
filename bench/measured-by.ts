import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { z } from 'zod'

/** Runs a program in a process of its own and reads what it measured, which it prints as one JSON document. */
export async function measuredBy<T>(
  program: string,
  args: readonly string[],
  schema: z.ZodType<T>,
): Promise<T> {
  const nodeArgs = ['--expose-gc', program, ...args]
  const child = spawn(process.execPath, nodeArgs, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const printed = await text(child.stdout)
  const [code, signal] = await ended
  if (code !== 0) throw new Error(`${program} ended with ${code ?? signal}`)
  return schema.parse(JSON.parse(printed))
}
