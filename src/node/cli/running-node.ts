/** How commands find the node of a data directory, and what they may do there: a file that only its user can read. */
import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Config, dialHost } from '../config.ts'
import type { Node } from '../node.ts'
import { asOwner } from './own-surface.ts'

const FILE = 'running.json'

/** How long the commands of this machine may use the credential that a start makes for them, ms. */
const TOKEN_TTL_MS = 30 * 86_400_000

const runningSchema = z.object({ url: z.string(), token: z.string().optional() })

export type RunningNode = z.output<typeof runningSchema>

const tokenSchema = z.looseObject({ token: z.string() })

/** Writes down where the node is; in token mode with a credential, as its data directory is its user's alone. */
export async function noteRunningNode(node: Node, config: Config): Promise<void> {
  if (!config.http.enabled) return
  const { protocol, port } = new URL(node.urls.mcp)
  const url = `${protocol}//${dialHost(config.http.host)}${port === '' ? '' : `:${port}`}`
  const request = { roles: ['admin'], ttl_ms: TOKEN_TTL_MS, name: 'commands on this machine' }
  const credential =
    config.auth.mode === 'token'
      ? tokenSchema.parse(await asOwner(node, 'p2p_token_create', request))
      : undefined
  const running: RunningNode = { url, ...(credential ? { token: credential.token } : {}) }
  await rm(join(config.dataDir, FILE), { force: true })
  await writeFile(join(config.dataDir, FILE), JSON.stringify(running), { mode: 0o600 })
}

export async function forgetRunningNode(config: Config): Promise<void> {
  await rm(join(config.dataDir, FILE), { force: true })
}

/** The node that was last started with this data directory, unless it ended in order. */
export function runningNode(config: Config): RunningNode | undefined {
  try {
    return runningSchema.parse(JSON.parse(readFileSync(join(config.dataDir, FILE), 'utf8')))
  } catch {
    return undefined
  }
}
