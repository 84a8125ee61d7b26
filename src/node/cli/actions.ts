import { withClient } from './client-command.ts'
import type { Invocation } from './command.ts'
import { UsageError } from './errors.ts'
import type { MeshClient } from './mesh-client.ts'
import { printJson, printLine } from './output.ts'

/** What an action does once there is a client. */
export type Work = (mesh: MeshClient) => Promise<void>

/** One action of a command, as `list` of `toolmesh tasks list`. */
export interface Action {
  /** How many words may follow it. */
  words: readonly number[]
  /** Reads words and flags, which may be refused, before a node is asked anything. */
  plan(words: readonly string[], flags: Invocation['flags']): Work
}

/** Runs the action that the first word names, `otherwise` without one. Throws UsageError with the command's usage. */
export function runAction(
  name: string,
  { usage, otherwise, actions }: { usage: string; otherwise: string; actions: Record<string, Action> },
): (invocation: Invocation) => Promise<void> {
  return async invocation => {
    const [chosen = otherwise, ...words] = invocation.positionals
    const action = Object.hasOwn(actions, chosen) ? actions[chosen] : undefined
    if (!action?.words.includes(words.length)) throw new UsageError(`usage: toolmesh ${name} ${usage}`)
    await withClient(invocation, action.plan(words, invocation.flags))
  }
}

/** `revoke <id>` by the tool that does it; `what` follows the id in what is printed. */
export function revokeBy(tool: string, what: string): Action {
  return {
    words: [1],
    plan([id = ''], flags) {
      return async mesh => {
        const answer = await mesh.call(tool, { id })
        if (flags.has('json')) return printJson(answer)
        printLine(`revoked ${id}; ${what}`)
      }
    },
  }
}
