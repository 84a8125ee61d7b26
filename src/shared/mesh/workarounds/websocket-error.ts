/**
 * A failed WebSocket dial rejects with the browser's `ErrorEvent`, which is no `Error`; libp2p's retry code
 * throws a TypeError on it and gives up. This makes an `Error` of it. It can go when the first case of
 * websocket-error.test.ts fails.
 */
import type { TransportFactory } from './transport-factory.ts'

export function withErrorsOnly(factory: TransportFactory): TransportFactory {
  return components => {
    const transport = factory(components)
    const dial = transport.dial.bind(transport)
    transport.dial = async (address, options) => {
      try {
        return await dial(address, options)
      } catch (error) {
        if (error instanceof Error) throw error
        throw new Error(`could not open a WebSocket to ${address}`, { cause: error })
      }
    }
    return transport
  }
}
