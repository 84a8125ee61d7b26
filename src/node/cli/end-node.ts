import { factsOf } from '../../shared/errors.ts'
import type { Config } from '../config.ts'
import type { Node } from '../node.ts'
import { forgetRunningNode } from './running-node.ts'

/** How long running work may take to finish unless it is said otherwise, ms; what is left is given back to the queue. */
const DRAIN_MS = 15_000
/** How long closing may take after that, ms, before the process ends anyway. */
const CLOSE_MS = 5_000

/** Why a node ends: the status of its process, and what running work may take, ms. */
export interface NodeEnd {
  status: number
  drainMs?: number
}

/** Resolves when somebody with the right to do so asks the node to end. */
export async function askedToEnd(node: Node): Promise<NodeEnd> {
  const { wait_ms } = await node.shutdownRequested
  return { status: 0, drainMs: wait_ms }
}

/** Takes no more work, finishes or gives back what runs, closes, and ends the process. */
export async function endNode(
  node: Node,
  config: Config,
  { status, drainMs = DRAIN_MS }: NodeEnd,
): Promise<never> {
  const late = AbortSignal.timeout(drainMs)
  await within(drainMs + CLOSE_MS, node.drain(late))
  await within(CLOSE_MS, node.close())
  await forgetRunningNode(config)
  process.exit(status)
}

/** Waits for `work`, but no longer than `ms`; its failure does not keep the node from ending. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  const reported = work.catch(error => {
    process.stderr.write(`toolmesh: while ending: ${factsOf(error).message}\n`)
  })
  await Promise.race([reported, limit])
  clearTimeout(timer)
}
