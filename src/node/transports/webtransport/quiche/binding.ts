import type { Quiche } from '@matrixai/quic/native/quiche.js'
import type { Connection } from '@matrixai/quic/native/types.js'

/** One connection of the native library. */
export type NativeConnection = Connection
export type { Quiche }

/**
 * The native quiche (Cloudflare's QUIC, C ABI by N-API) that @matrixai/quic brings for its own use. Of that package only the binding
 * is used: its server takes the two datagrams of a browser's first flight for two connections.
 * Rejects where there is no build of it for this platform.
 */
export async function loadQuiche(): Promise<Quiche> {
  const { default: quiche } = await import('@matrixai/quic/native/quiche.js')
  return quiche
}
