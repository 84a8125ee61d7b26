/**
 * Who is at the other end: Noise on the first stream of a session, after which the session's own TLS protects everything
 * (libp2p's WebTransport specification). The listener names the hashes of its certificates under its signature, so that
 * nobody who has another certificate can stand between.
 */
import type { Logger, PeerId } from '@libp2p/interface'
import { type ICryptoInterface, type NoiseComponents, noise } from '@libp2p/noise'
import { AbstractMessageStream } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { ByteStream } from './byte-stream.ts'
import { areAllAmong } from './certhash.ts'
import { SessionUnavailableError, UnknownCertificateError } from './errors.ts'
import type { WebTransportSession } from './session.ts'

/** A handshake has three messages, each far smaller: more is not Noise. */
const HANDSHAKE_BYTES = 64 * 1024

export interface Authentication {
  components: NoiseComponents
  /** What its package has for the platform unless given. */
  noiseCrypto?: ICryptoInterface | undefined
  log: Logger
}

/** As the dialler: gives the peer's id. On abort the caller ends the session. Throws when the peer is not `remotePeer`, or does not own the certificates dialled. */
export async function authenticateOutbound(
  session: WebTransportSession,
  { components, noiseCrypto, log }: Authentication,
  {
    remotePeer,
    certhashes,
    signal,
  }: { remotePeer?: PeerId | undefined; certhashes: readonly Uint8Array[]; signal: AbortSignal },
): Promise<PeerId> {
  const bytes = await session.open(signal)
  const encrypter = noise(cryptoOf(noiseCrypto))(components)
  const secured = await encrypter.secureOutbound(new HandshakeStream(bytes, 'outbound', log), {
    signal,
    skipStreamMuxerNegotiation: true,
    ...(remotePeer === undefined ? {} : { remotePeer }),
  })
  await bytes.end()
  if (!areAllAmong(certhashes, secured.remoteExtensions?.webtransportCerthashes ?? []))
    throw new UnknownCertificateError()
  return secured.remotePeer
}

/** As the listener, which shows `certhashes` (all that may still be in somebody's address of it); gives the peer's id. On abort the caller ends the session. */
export async function authenticateInbound(
  session: WebTransportSession,
  { components, noiseCrypto, log }: Authentication,
  { certhashes, signal }: { certhashes: Uint8Array[]; signal: AbortSignal },
): Promise<PeerId> {
  const bytes = await session.accept()
  if (bytes === undefined)
    throw new SessionUnavailableError('the session ended before its peer said who it is')
  const encrypter = noise({
    ...cryptoOf(noiseCrypto),
    extensions: { webtransportCerthashes: certhashes },
  })(components)
  const { remotePeer } = await encrypter.secureInbound(new HandshakeStream(bytes, 'inbound', log), {
    signal,
    skipStreamMuxerNegotiation: true,
  })
  await bytes.end()
  return remotePeer
}

function cryptoOf(noiseCrypto: ICryptoInterface | undefined) {
  return noiseCrypto === undefined ? {} : { crypto: noiseCrypto }
}

/** The stream as Noise reads and writes it. Its end is no reset: after the handshake nobody needs it. */
class HandshakeStream extends AbstractMessageStream {
  readonly #bytes: ByteStream

  constructor(bytes: ByteStream, direction: 'inbound' | 'outbound', log: Logger) {
    super({ log: log.newScope('handshake'), direction, maxReadBufferLength: HANDSHAKE_BYTES })
    this.#bytes = bytes
    void this.#read()
  }

  sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
    this.#bytes.write(data.subarray())
    return { sentBytes: data.byteLength, canSendMore: true }
  }

  async close(): Promise<void> {
    await this.#bytes.end()
  }

  sendReset(): void {
    this.#bytes.reset()
  }

  sendPause(): void {}

  sendResume(): void {}

  async #read(): Promise<void> {
    try {
      for (;;) {
        const bytes = await this.#bytes.read()
        if (bytes === undefined) return this.onRemoteCloseWrite()
        this.onData(bytes)
      }
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
