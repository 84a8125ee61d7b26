import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { type Keychain, type KeychainComponents, keychain } from '@libp2p/keychain'
import { FsDatastore } from 'datastore-fs'
import { createLibp2p } from 'libp2p'
import { describe, expect, it } from 'vitest'
import { promptKeychain } from './keychain-delay.ts'

async function opened(service: (components: KeychainComponents) => Keychain): Promise<Keychain> {
  const datastore = new FsDatastore(mkdtempSync(join(tmpdir(), 'toolmesh-keychain-')))
  const { services } = await createLibp2p({ datastore, start: false, services: { keychain: service } })
  return services.keychain
}

/** Milliseconds until the keychain said that there is no such key. */
async function refusal(keys: Keychain): Promise<number> {
  await keys.listKeys()
  const started = performance.now()
  await expect(keys.exportKey('none')).rejects.toMatchObject({ name: 'NotFoundError' })
  return performance.now() - started
}

describe('the keychain', () => {
  it('of libp2p waits before it says that there is no key (the workaround can go when this fails)', async () => {
    expect(await refusal(await opened(keychain()))).toBeGreaterThan(190)
  })

  it('of ours says so at once', async () => {
    expect(await refusal(await opened(promptKeychain()))).toBeLessThan(150)
  })

  it('of ours keeps keys as libp2p does', async () => {
    const keys = await opened(promptKeychain())
    const key = await generateKeyPair('ECDSA', 'P-256')
    await keys.importKey('certificate', key)
    expect((await keys.exportKey('certificate')).equals(key)).toBe(true)
  })
})
