import type { WebStreamPair } from '../../../../shared/mesh/webtransport/byte-stream.ts'

/** The part of Deno's QUIC (`--unstable-net`, Deno 2.9) that the driver uses; its own types are not known to the compiler here. */
export interface DenoNet {
  QuicEndpoint: new (options: { hostname: string; port: number }) => DenoEndpoint
  connectQuic(
    options: DenoTransportOptions & {
      hostname: string
      port: number
      alpnProtocols: string[]
      /** Not in Deno's types, but honoured: the certificates that the server may show. */
      serverCertificateHashes: { algorithm: 'sha-256'; value: Uint8Array }[]
    },
  ): Promise<DenoConnection>
}

/** Times in milliseconds. */
export interface DenoTransportOptions {
  keepAliveInterval: number
  maxIdleTimeout: number
  maxConcurrentBidirectionalStreams: number
  maxConcurrentUnidirectionalStreams: number
}

export interface DenoEndpoint {
  readonly addr: { hostname: string; port: number }
  listen(options: DenoTransportOptions & { alpnProtocols: string[]; cert: string; key: string }): DenoListener
  close(info?: DenoCloseInfo): void
}

export interface DenoListener extends AsyncIterable<DenoIncoming> {
  stop(): void
}

/** To read its addresses before `accept` would use it up. */
export interface DenoIncoming {
  accept(): Promise<DenoConnection>
  ignore(): void
}

export interface DenoCloseInfo {
  closeCode: number
  reason: string
}

export interface DenoConnection {
  readonly remoteAddr: { hostname: string; port: number }
  readonly closed: Promise<DenoCloseInfo>
  readonly incomingBidirectionalStreams: ReadableStream<DenoStreamPair>
  readonly incomingUnidirectionalStreams: ReadableStream<DenoReadable>
  createBidirectionalStream(options: { waitUntilAvailable: true }): Promise<DenoStreamPair>
  createUnidirectionalStream(options: { waitUntilAvailable: true }): Promise<DenoWritable>
  close(info: DenoCloseInfo): void
}

export interface DenoReadable extends ReadableStream<Uint8Array> {
  readonly id: bigint
}

export interface DenoWritable extends WritableStream<Uint8Array> {
  readonly id: bigint
}

export interface DenoStreamPair extends WebStreamPair {
  readonly readable: DenoReadable
  readonly writable: DenoWritable
}

/** Deno's QUIC. Throws where this is no Deno that was started with it. */
export function denoNetOf(scope: object): DenoNet {
  const deno: unknown = 'Deno' in scope ? scope.Deno : undefined
  if (isDenoNet(deno)) return deno
  throw new Error('Deno has its QUIC with --unstable-net only')
}

function isDenoNet(deno: unknown): deno is DenoNet {
  return typeof deno === 'object' && deno !== null && 'QuicEndpoint' in deno && 'connectQuic' in deno
}
