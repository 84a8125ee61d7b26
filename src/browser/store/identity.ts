import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { get, set, type UseStore } from 'idb-keyval'
import { DamagedStorageError } from '../errors.ts'

const KEY = 'private_key'

/** The slot's Ed25519 key, made at the first visit. Throws DamagedStorageError rather than become another peer. */
export async function loadIdentity(store: UseStore): Promise<PrivateKey> {
  const kept: unknown = await get(KEY, store)
  if (kept === undefined) return makeIdentity(store)
  if (!(kept instanceof Uint8Array)) throw new DamagedStorageError('identity')
  try {
    return privateKeyFromProtobuf(kept)
  } catch {
    throw new DamagedStorageError('identity')
  }
}

async function makeIdentity(store: UseStore): Promise<PrivateKey> {
  const key = await generateKeyPair('Ed25519')
  await set(KEY, privateKeyToProtobuf(key), store)
  return key
}
