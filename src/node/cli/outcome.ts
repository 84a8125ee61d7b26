/** How a task or a workflow ended, printed, and told to scripts by the exit status. */
import { z } from 'zod'
import type { JsonObject } from '../../shared/tools/tool.ts'
import type { MeshClient } from './mesh-client.ts'
import { printJson } from './output.ts'

/** Longest wait of one call, ms: more has to be asked for again. */
const WAIT_MS = 50_000
/** It ended otherwise than well. */
const FAILED = 1
/** It was waited for, and has not ended: it may later. */
const NOT_ENDED = 4

export interface OutcomeRequest {
  /** The tool that answers with `state`. */
  tool: string
  /** What it is told, beside `wait_ms`. */
  input: JsonObject
  /** Milliseconds to wait for the end; undefined to print how it stands. */
  wait: number | undefined
  ended: (state: string) => boolean
}

const outcomeSchema = z.looseObject({ state: z.string() })

/** Prints how it stands when it has ended, or after the wait. */
export async function printOutcome(
  mesh: MeshClient,
  { tool, input, wait, ended }: OutcomeRequest,
): Promise<void> {
  const until = Date.now() + (wait ?? 0)
  for (;;) {
    const left = Math.max(until - Date.now(), 0)
    const outcome = await mesh.ask(tool, { ...input, wait_ms: Math.min(left, WAIT_MS) }, outcomeSchema)
    const hasEnded = ended(outcome.state)
    if (!hasEnded && left > WAIT_MS) continue
    printJson(outcome)
    if (hasEnded && outcome.state !== 'succeeded') process.exitCode = FAILED
    if (!hasEnded && wait !== undefined) process.exitCode = NOT_ENDED
    return
  }
}
