import { ToolmeshError } from '../../shared/errors.ts'
import type { Config } from '../config.ts'
import type { Node } from '../node.ts'
import { type Command, type Invocation, JSON_FLAG } from './command.ts'
import { openNode } from './open-node.ts'
import { firstSignal } from './signals.ts'
import { stderrLogger } from './stderr-logger.ts'
import { packageVersion } from './version.ts'

/** How long running work may take to finish after the first signal, ms; what is left is given back to the queue. */
const DRAIN_MS = 15_000
/** How long closing may take after that, ms, before the process ends anyway. */
const CLOSE_MS = 5_000

export const command: Command = {
  usage: '',
  summary: 'Start a node and print where it is and how to join it',
  positionals: [0, 0],
  flags: [JSON_FLAG],
  run: start,
}

async function start({ flags, loaded: { config } }: Invocation): Promise<void> {
  const signal = firstSignal()
  const node = await openNode(config, stderrLogger(config.log))
  await announce(node, config, flags.has('json'))
  await signal
  await within(DRAIN_MS, node.drain())
  await within(CLOSE_MS, node.close())
  process.exit(0)
}

/** Prints the links. `ready_ms` counts from the start of the process. */
async function announce(node: Node, config: Config, asJson: boolean): Promise<void> {
  const readyMs = Math.round(performance.now())
  const join = config.http.enabled && config.p2p.enabled ? await node.createInvite() : undefined
  if (asJson) {
    const { peerId, multiaddrs, urls } = node
    const facts = { peer_id: peerId, multiaddrs, ...urls, ready_ms: readyMs, ...(join ? { join } : {}) }
    process.stdout.write(`${JSON.stringify(facts)}\n`)
    return
  }
  const lines = [`toolmesh ${await packageVersion()}, ready in ${readyMs} ms`, '']
  if (config.http.enabled) {
    lines.push(`  Dashboard  ${node.urls.dashboard}`)
    lines.push(`  MCP        ${node.urls.mcp}`)
  }
  lines.push(`  Peer       ${node.peerId}`)
  if (join)
    lines.push(
      `  Join       ${join.url}`,
      `             open it in a browser; it works until ${join.expires_at}`,
    )
  if (join && config.lan) lines.push('', await qrCode(join.url))
  process.stdout.write(`${lines.join('\n')}\n\n`)
}

async function qrCode(url: string): Promise<string> {
  const { default: qrcode } = await import('qrcode')
  return qrcode.toString(url, { type: 'terminal', small: true })
}

/** Waits for `work`, but no longer than `ms`; its failure does not keep the node from ending. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  const reported = work.catch(error => {
    const message = error instanceof ToolmeshError || error instanceof Error ? error.message : String(error)
    process.stderr.write(`toolmesh: while ending: ${message}\n`)
  })
  await Promise.race([reported, limit])
  clearTimeout(timer)
}
