import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { TlsFileError } from './errors.ts'
import type { TlsIdentity } from './tls-identity.ts'

/** Reads a certificate chain and its key from PEM files. Throws `invalid_input` that names the file at fault. */
export async function tlsFromFiles(certPath: string, keyPath: string): Promise<TlsIdentity> {
  const [cert, key] = await Promise.all([read(certPath), read(keyPath)])
  const certificate = parsed(certPath, 'a certificate', () => new X509Certificate(cert))
  const privateKey = parsed(keyPath, 'a private key', () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey))
    throw new TlsFileError(keyPath, `is not the key of ${certPath}`)
  return { cert, key }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new TlsFileError(path, 'cannot be read', error)
  }
}

function parsed<T>(path: string, what: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new TlsFileError(path, `does not hold ${what} (PEM)`, error)
  }
}
