import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { ToolmeshError } from '../shared/errors.ts'
import { UnwritableDataDirError } from './errors.ts'

const FILE = 'identity.key'

/** The identity file exists and does not hold a libp2p private key. It is never overwritten. */
export class DamagedIdentityError extends ToolmeshError {
  constructor(path: string, cause: unknown) {
    super(
      'conflict',
      `the identity file ${path} is damaged; restore it from a backup, or move it away to start as a new peer`,
      { field: 'dataDir', value: path, cause },
    )
  }
}

/**
 * The node's private key (Ed25519), kept in `dataDir/identity.key` as the base64 of its libp2p protobuf, mode 0600;
 * made at the first start. The same file always gives the same peer id.
 *
 * @throws DamagedIdentityError, UnwritableDataDirError
 */
export async function loadIdentity(dataDir: string): Promise<PrivateKey> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new UnwritableDataDirError(dataDir, cause)
  }
  const path = join(dataDir, FILE)
  const text = await readIfThere(path)
  if (text === undefined) return makeIdentity(dataDir, path)
  const key = parseIdentity(path, text)
  try {
    await chmod(path, 0o600)
  } catch (cause) {
    throw new UnwritableDataDirError(dataDir, cause)
  }
  return key
}

function parseIdentity(path: string, text: string): PrivateKey {
  try {
    return privateKeyFromProtobuf(Buffer.from(text, 'base64'))
  } catch (cause) {
    throw new DamagedIdentityError(path, cause)
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new DamagedIdentityError(path, cause)
  }
}

/** Written beside and renamed, so that a crash leaves the whole file or none. */
async function makeIdentity(dataDir: string, path: string): Promise<PrivateKey> {
  const key = await generateKeyPair('Ed25519')
  const fresh = join(dataDir, `${FILE}.new`)
  try {
    const file = await open(fresh, 'w', 0o600)
    try {
      await file.writeFile(`${Buffer.from(privateKeyToProtobuf(key)).toString('base64')}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
  } catch (cause) {
    throw new UnwritableDataDirError(dataDir, cause)
  }
  return key
}
