import type { LoadedConfig } from '../config.ts'

/** A flag of one command; settings (`--http.port`) are flags of every command beside these. */
export type OwnFlag = {
  name: string
  /** The placeholder of its value in the help, as `ms`; absent for a flag that has none. */
  value?: string
} & (
  | { description: string }
  /** What it is for each action that takes it; the others refuse it. */
  | { actions: Readonly<Record<string, string>> }
)

/** What a command is handed. */
export interface Invocation {
  readonly positionals: readonly string[]
  /** Values of the command's own flags; `true` for one that has no value. */
  readonly flags: ReadonlyMap<string, string | true>
  readonly loaded: LoadedConfig
}

/** One command; its file exports it as `command`. */
export interface Command {
  /** What stands behind the name, as `<tool> <json>`. */
  usage: string
  summary: string
  /** How many positionals it takes, at least and at most. */
  positionals: readonly [number, number]
  flags: readonly OwnFlag[]
  /** Its actions for the help: what each takes, and what it does. */
  actions?: readonly (readonly [usage: string, summary: string])[]
  /** Ends when the command is done; what it throws is printed as one line and gives the exit status. */
  run(invocation: Invocation): Promise<void>
}

/** Flags of every command. */
export const COMMON_FLAGS: readonly OwnFlag[] = [
  { name: 'config', value: 'file', description: 'read this settings file instead of toolmesh.yaml' },
  { name: 'help', description: 'print this help' },
]

export const JSON_FLAG: OwnFlag = { name: 'json', description: 'print JSON, one value' }

/** Flags of the commands that are clients of a running node. */
export const CLIENT_FLAGS: readonly OwnFlag[] = [
  { name: 'url', value: 'url', description: 'the node to talk to (default: the one in the settings)' },
  { name: 'token', value: 'token', description: 'credential (default: TOOLMESH_TOKEN)' },
  JSON_FLAG,
]
