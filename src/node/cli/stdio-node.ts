import type { Config } from '../config.ts'
import { serveStdio } from '../stdio.ts'
import { askedToEnd, endNode } from './end-node.ts'
import { firstFailure } from './failures.ts'
import { openNode } from './open-node.ts'
import { firstSignal } from './signals.ts'
import { stderrLogger } from './stderr-logger.ts'

/** Starts a node in this process and serves it on the standard input and output until the client closes them. */
export async function serveOwnNode(config: Config): Promise<void> {
  const signal = firstSignal()
  const logger = stderrLogger(config.log)
  const failure = firstFailure(logger)
  const node = await Promise.race([openNode(config, logger), failure.then(() => process.exit(1))])
  const served = Promise.race([serveStdio(node.surface, { logger }), signal])
  const ends = [served.then(() => ({ status: 0 })), failure.then(() => ({ status: 1 })), askedToEnd(node)]
  await endNode(node, config, await Promise.race(ends))
}
