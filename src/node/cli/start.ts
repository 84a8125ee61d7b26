import { z } from 'zod'
import type { Config } from '../config.ts'
import type { Node } from '../node.ts'
import { type Command, type Invocation, JSON_FLAG } from './command.ts'
import { askedToEnd, endNode } from './end-node.ts'
import { UsageError } from './errors.ts'
import { firstFailure } from './failures.ts'
import { shrinkHeapAtRest } from './heap-at-rest.ts'
import { openNode } from './open-node.ts'
import { asOwner } from './own-surface.ts'
import { firstSignal } from './signals.ts'
import { stderrLogger } from './stderr-logger.ts'
import { packageVersion } from './version.ts'

/** The printed link of the dashboard gives all rights: few uses, for a day. */
const SIGN_IN_TTL_MS = 86_400_000
const SIGN_IN_USES = 5

export const command: Command = {
  usage: '',
  summary: 'Start a node and print where it is and how to join it',
  positionals: [0, 0],
  flags: [JSON_FLAG],
  run: start,
}

async function start({ flags, loaded: { config } }: Invocation): Promise<void> {
  if (!config.http.enabled && !config.p2p.enabled) {
    throw new UsageError(
      'http.enabled and p2p.enabled are both off, so nobody could reach this node',
      'one of them on',
    )
  }
  const signal = firstSignal()
  const logger = stderrLogger(config.log)
  const failure = firstFailure(logger)
  const node = await Promise.race([openNode(config, logger), failure.then(() => process.exit(1))])
  await announce(node, config, flags.has('json'))
  shrinkHeapAtRest()
  const ends = [signal.then(() => ({ status: 0 })), failure.then(() => ({ status: 1 })), askedToEnd(node)]
  await endNode(node, config, await Promise.race(ends))
}

interface Announcement {
  peer_id: string
  multiaddrs: readonly string[]
  dashboard: string
  mcp: string
  /** Since the start of the process. */
  ready_ms: number
  /** A link by which tabs join; absent where nobody could. */
  join?: { url: string; expires_at: string }
}

async function announce(node: Node, config: Config, asJson: boolean): Promise<void> {
  const { peerId, multiaddrs, urls } = node
  const readyMs = Math.round(performance.now())
  const join = config.http.enabled && config.p2p.enabled ? await node.createInvite() : undefined
  const dashboard = config.auth.mode === 'token' ? await signInLink(node) : urls.dashboard
  const facts = {
    peer_id: peerId,
    multiaddrs,
    dashboard,
    mcp: urls.mcp,
    ready_ms: readyMs,
    ...(join ? { join } : {}),
  }
  process.stdout.write(asJson ? `${JSON.stringify(facts)}\n` : await textOf(facts, config))
}

async function textOf(facts: Announcement, config: Config): Promise<string> {
  const { peer_id, dashboard, mcp, ready_ms, join } = facts
  const lines = [`toolmesh ${await packageVersion()}, ready in ${ready_ms} ms`, '']
  if (config.http.enabled) lines.push(`  Dashboard  ${dashboard}`, `  MCP        ${mcp}`)
  lines.push(`  Peer       ${peer_id}`)
  if (join)
    lines.push(`  Join       ${join.url}`, `             open it in a browser until ${join.expires_at}`)
  if (join && config.lan) lines.push('', await qrCode(join.url))
  return `${lines.join('\n')}\n\n`
}

const inviteSchema = z.looseObject({ url: z.string() })

/** In token mode the dashboard opens with an invite for the person who started the node. */
async function signInLink(node: Node): Promise<string> {
  const request = { roles: ['admin'], ttl_ms: SIGN_IN_TTL_MS, uses: SIGN_IN_USES, name: 'dashboard' }
  const { url } = inviteSchema.parse(await asOwner(node, 'p2p_invite_create', request))
  return `${node.urls.dashboard}${new URL(url).hash}`
}

async function qrCode(url: string): Promise<string> {
  const { default: qrcode } = await import('qrcode')
  return qrcode.toString(url, { type: 'terminal', small: true })
}
