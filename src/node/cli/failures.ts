import { inspect } from 'node:util'
import type { Logger } from '../../shared/logger.ts'

/**
 * From now on nothing that went unheard ends the process unannounced.
 *
 * A promise that was rejected and that nobody waits for is logged, and the node goes on: what is acknowledged is
 * durable, and a library's forgotten promise (a stream that broke under libp2p) is no reason to drop every peer.
 * An exception that nothing caught has left its caller in the middle of something: this resolves with the first
 * one, so that the node can end in order and be started again. The second one ends the process at once.
 */
export function firstFailure(logger: Logger): Promise<unknown> {
  process.on('unhandledRejection', reason => {
    logger('error', 'a promise was rejected and nobody waited for it', { error: inspect(reason) })
  })
  return new Promise(resolve => {
    let heard = false
    process.on('uncaughtException', error => {
      logger('error', 'an exception was not caught: the node ends', { error: inspect(error) })
      if (heard) process.exit(1)
      heard = true
      resolve(error)
    })
  })
}
