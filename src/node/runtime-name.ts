import type { Platform } from '../shared/tools/tool.ts'

/** The programs that run a node. Both run the same code; the little that only one of them has is asked for by this name. */
export type RuntimeName = Extract<Platform, 'node' | 'deno'>

/** The program that runs this process: Deno names itself among `process.versions`, beside the Node it stands for. */
export function runtimeName(): RuntimeName {
  return process.versions.deno === undefined ? 'node' : 'deno'
}
