import { createHash, X509Certificate } from 'node:crypto'
import { certhashOf } from '../../../shared/mesh/webtransport/certhash.ts'
import { selfSignedCertificate } from '../../self-signed-certificate.ts'
import type { QuicCertificate } from './quic.ts'

const DAY_MS = 86_400_000
/** What a browser takes of a certificate that it knows by its hash (WebTransport, 5.5.2: less than two weeks). */
export const CERTIFICATE_LIFE_MS = 14 * DAY_MS

/** A self-signed certificate for WebTransport, with the facts that addresses and rotation need. */
export interface ListenerCertificate extends QuicCertificate {
  /** Multihash of its DER form, as in `/certhash/`. */
  readonly certhash: Uint8Array
  /** Milliseconds since the Unix epoch, as is `notAfter`. */
  readonly notBefore: number
  readonly notAfter: number
}

/** A new one, ECDSA P-256, valid for 14 days from `notBefore` (ms since the Unix epoch, whole seconds count). */
export async function makeCertificate(notBefore: number): Promise<ListenerCertificate> {
  // The last second counts too.
  const notAfter = notBefore + CERTIFICATE_LIFE_MS - 1_000
  return listenerCertificate(await selfSignedCertificate({ notBefore, notAfter }))
}

/** Reads the facts of a certificate. Throws where it is none. */
export function listenerCertificate({ cert, key }: QuicCertificate): ListenerCertificate {
  const { raw, validFrom, validTo } = new X509Certificate(cert)
  return {
    cert,
    key,
    certhash: certhashOf(createHash('sha256').update(raw).digest()),
    notBefore: Date.parse(validFrom),
    notAfter: Date.parse(validTo),
  }
}
