import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { Config } from '../config.ts'
import { SELF_SIGNED_FILE } from '../http/self-signed.ts'

/** Lets this process trust the certificate that a node made for itself in this data directory, beside all others. */
export function trustOwnCertificate(config: Config): void {
  const pem = readCertificate(join(config.dataDir, SELF_SIGNED_FILE))
  if (pem !== undefined) setDefaultCACertificates([...getCACertificates('default'), pem])
}

function readCertificate(path: string): string | undefined {
  try {
    return /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(readFileSync(path, 'utf8'))?.[0]
  } catch {
    return undefined
  }
}
