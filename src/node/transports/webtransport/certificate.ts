import { createHash, X509Certificate } from 'node:crypto'
import { certhashOf } from '../../../shared/mesh/webtransport/certhash.ts'
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
  // Loaded late: a start that finds its certificates makes none. The library needs the polyfill to be there first.
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: `01${crypto.randomUUID().replaceAll('-', '')}`,
      name: 'CN=toolmesh',
      notBefore: new Date(notBefore),
      // The last second counts too.
      notAfter: new Date(notBefore + CERTIFICATE_LIFE_MS - 1_000),
      signingAlgorithm: { ...algorithm, hash: 'SHA-256' },
      keys,
    },
    // Another library of this process may have set the global one to its own.
    crypto,
  )
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return listenerCertificate({
    cert: `${certificate.toString('pem')}\n`,
    key: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
  })
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
