import { withClient } from './client-command.ts'
import type { Invocation } from './command.ts'
import { UsageError } from './errors.ts'
import type { MeshClient } from './mesh-client.ts'
import { printJson, printLine } from './output.ts'

/** What an action does once there is a client. */
export type Work = (mesh: MeshClient) => Promise<void>

/** One action of a command, as `list` of `toolmesh tasks list`. */
export interface Action {
  /** What follows it, as `<tool> [json]`, where the command's own usage does not say. */
  usage?: string
  /** For the help, where the command's summary does not say. */
  summary?: string
  /** How many words may follow it, at least and at most. */
  words: readonly [number, number]
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
    if (action === undefined) throw new UsageError(`usage: toolmesh ${name} ${usage}`)
    const [least, most] = action.words
    if (words.length < least || words.length > most) {
      const own = action.usage === undefined ? usage : `${chosen} ${action.usage}`.trimEnd()
      throw new UsageError(`usage: toolmesh ${name} ${own}`)
    }
    await withClient(invocation, action.plan(words, invocation.flags))
  }
}

/** `revoke <id>` by the tool that does it; `what` follows the id in what is printed. */
export function revokeBy(tool: string, what: string): Action {
  return {
    words: [1, 1],
    plan([id = ''], flags) {
      return async mesh => {
        const answer = await mesh.call(tool, { id })
        if (flags.has('json')) return printJson(answer)
        printLine(`revoked ${id}; ${what}`)
      }
    },
  }
}
