import type { Clock } from '../../../shared/clock.ts'
import type { Logger } from '../../../shared/logger.ts'
import { runtimeName } from '../../runtime-name.ts'
import { denoNetOf } from './deno/deno-api.ts'
import { denoQuic } from './deno/deno-quic.ts'
import type { QuicDriver } from './quic.ts'
import { loadQuiche } from './quiche/binding.ts'
import { quicheQuic } from './quiche/quiche-quic.ts'

export interface QuicDriverParts {
  clock: Clock
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array
  logger: Logger
}

/** QUIC as this runtime has it: undefined, and one line in the log, where it has none. */
export async function loadQuicDriver({
  clock,
  random,
  logger,
}: QuicDriverParts): Promise<QuicDriver | undefined> {
  try {
    if (runtimeName() === 'deno') return denoQuic({ deno: denoNetOf(globalThis) })
    return quicheQuic({ quiche: await loadQuiche(), clock, random })
  } catch (error) {
    logger('info', 'WebTransport is off: QUIC cannot be loaded here', { why: firstLine(error) })
    return undefined
  }
}

function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  return line
}
