import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../../shared/clock.ts'
import { selfSignedCertificate } from '../self-signed-certificate.ts'
import { replaceFile } from '../store/replace-file.ts'
import type { TlsIdentity } from './tls-identity.ts'

const DAY_MS = 86_400_000
/** Within what browsers take of any certificate (398 days). */
export const CERTIFICATE_LIFE_MS = 365 * DAY_MS
/** A start with less than this left makes a new one, so that no run outlives its certificate easily. */
export const CERTIFICATE_RENEW_MS = 180 * DAY_MS
/** Kept apart from the identity; certificate and key in one file, so that they change together. */
export const SELF_SIGNED_FILE = 'tls-self-signed.pem'

const LOCAL_HOSTS = ['localhost', '127.0.0.1', '::1']

/**
 * A self-signed certificate (ECDSA P-256) for this machine, kept in `dataDir` with mode 0600. Made anew when there
 * is none that can be read, when it does not name one of `hosts` (names and addresses), or when it would expire soon.
 */
export async function selfSignedTls({
  dataDir,
  hosts,
  clock,
}: {
  dataDir: string
  hosts: readonly string[]
  clock: Clock
}): Promise<TlsIdentity> {
  const path = join(dataDir, SELF_SIGNED_FILE)
  const names = [...new Set([...LOCAL_HOSTS, ...hosts])]
  const kept = await readIdentity(path)
  if (kept !== undefined && serves(kept, names, clock.now())) return kept
  const made = await makeIdentity(names, clock.now())
  await replaceFile(path, made.cert + made.key, 0o600)
  return made
}

async function readIdentity(path: string): Promise<TlsIdentity | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const cert = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(text)?.[0]
  const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/.exec(text)?.[0]
  return cert === undefined || key === undefined ? undefined : { cert, key }
}

function serves({ cert, key }: TlsIdentity, names: readonly string[], now: number): boolean {
  try {
    const certificate = new X509Certificate(cert)
    return (
      certificate.checkPrivateKey(createPrivateKey(key)) &&
      Date.parse(certificate.validTo) - now > CERTIFICATE_RENEW_MS &&
      names.every(
        name => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined,
      )
    )
  } catch {
    // Damaged: it holds nothing that cannot be made again.
    return false
  }
}

function makeIdentity(names: readonly string[], now: number): Promise<TlsIdentity> {
  // Another machine's clock may be behind.
  const notBefore = now - DAY_MS
  return selfSignedCertificate({
    notBefore,
    notAfter: notBefore + CERTIFICATE_LIFE_MS,
    extensions: x509 => [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map(value => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
    ],
  })
}
