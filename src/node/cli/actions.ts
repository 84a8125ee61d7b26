import { closeMatch } from '../config/close-match.ts'
import { withClient } from './client-command.ts'
import type { Invocation, OwnFlag } from './command.ts'
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

export interface ActionsInit {
  /** Of the command. */
  usage: string
  /** The action without a first word. */
  otherwise: string
  actions: Record<string, Action>
  flags?: readonly OwnFlag[]
}

/** Runs the action that the first word names. Throws UsageError with the command's usage. */
export function runAction(
  name: string,
  { usage, otherwise, actions, flags = [] }: ActionsInit,
): (invocation: Invocation) => Promise<void> {
  return async invocation => {
    const [chosen = otherwise, ...words] = invocation.positionals
    const action = Object.hasOwn(actions, chosen) ? actions[chosen] : undefined
    if (action === undefined) {
      const meant = closeMatch(chosen, Object.keys(actions))
      throw new UsageError(
        meant === undefined
          ? `usage: toolmesh ${name} ${usage}`
          : `${name} has no action ${JSON.stringify(chosen)}; did you mean ${meant}?`,
      )
    }
    refuseOthersFlags(`${name} ${chosen}`, chosen, flags, invocation)
    const [least, most] = action.words
    if (words.length < least || words.length > most) {
      const own = action.usage === undefined ? usage : `${chosen} ${action.usage}`.trimEnd()
      throw new UsageError(`usage: toolmesh ${name} ${own}`)
    }
    await withClient(invocation, action.plan(words, invocation.flags))
  }
}

/** A flag that another action takes would do nothing here. */
function refuseOthersFlags(
  name: string,
  chosen: string,
  flags: readonly OwnFlag[],
  invocation: Invocation,
): void {
  for (const flag of flags) {
    if (!('actions' in flag) || !invocation.flags.has(flag.name)) continue
    if (!Object.hasOwn(flag.actions, chosen))
      throw new UsageError(
        `--${flag.name}: ${name} does not take it; it is for ${Object.keys(flag.actions).join(', ')}`,
      )
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
