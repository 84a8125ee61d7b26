/**
 * A WebRTC dial waits for its first data channel to open, which the other side may have closed before this
 * side saw it open: about one dial in ten then hangs until its time limit. So a dial gets short tries. It can
 * go when webrtc-race.test.ts says that the initiator no longer waits so.
 */
import type { TransportFactory } from './transport-factory.ts'

/** Milliseconds for each try but the last, which has what is left of the dial's own time. */
const TRIES_MS = [2000, 4000]
/** The same for WebRTC-Direct, whose first packets are lost now and then; an address has 5 s in all. */
export const DIRECT_TRIES_MS = [2000]

export function withShortTries(
  factory: TransportFactory,
  triesMs: readonly number[] = TRIES_MS,
): TransportFactory {
  return components => {
    const transport = factory(components)
    const dial = transport.dial.bind(transport)
    transport.dial = async (address, options) => {
      for (const ms of triesMs) {
        const limit = AbortSignal.timeout(ms)
        try {
          return await dial(address, { ...options, signal: AbortSignal.any([options.signal, limit]) })
        } catch (error) {
          if (!limit.aborted || options.signal.aborted) throw error
        }
      }
      return dial(address, options)
    }
    return transport
  }
}
