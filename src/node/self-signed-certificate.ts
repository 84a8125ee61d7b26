import type * as X509 from '@peculiar/x509'

export interface SelfSignedCertificateInit {
  /** Milliseconds since the Unix epoch; whole seconds count. */
  notBefore: number
  notAfter: number
  /** What the certificate says beside its name, of the library that is given. */
  extensions?: (x509: typeof X509) => X509.Extension[]
}

/** A new key (ECDSA P-256) and the certificate that it signs for itself, PEM. */
export async function selfSignedCertificate({
  notBefore,
  notAfter,
  extensions,
}: SelfSignedCertificateInit): Promise<{ cert: string; key: string }> {
  // Loaded late: most starts make none. The library needs the polyfill to be there first.
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: `01${crypto.randomUUID().replaceAll('-', '')}`,
      name: 'CN=toolmesh',
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
      signingAlgorithm: { ...algorithm, hash: 'SHA-256' },
      keys,
      // A list of none is not valid (RFC 5280, 4.1).
      ...(extensions === undefined ? {} : { extensions: extensions(x509) }),
    },
    // Another library of this process may have set the global one to its own.
    crypto,
  )
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    cert: `${certificate.toString('pem')}\n`,
    key: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
  }
}
