import { generateKeyPair } from '@libp2p/crypto/keys'
import { MemoryDatastore } from 'datastore-core'
import { expect, it } from 'vitest'
import { tcpHost } from '../../shared/mesh/mesh-pair.fixture.ts'
import { optionalServices } from './optional-services.ts'

it('loads nothing that no setting asks for', async () => {
  expect(await optionalServices({ upnp: false, autoTls: false })).toEqual({})
})

it('loads UPnP and AutoTLS each by its setting', async () => {
  expect(Object.keys(await optionalServices({ upnp: true, autoTls: false }))).toEqual(['upnp'])
  expect(Object.keys(await optionalServices({ upnp: false, autoTls: true }))).toEqual(['autoTls'])
})

it('starts with AutoTLS, which waits for a public address', async () => {
  const host = await tcpHost({
    privateKey: await generateKeyPair('Ed25519'),
    datastore: new MemoryDatastore(),
    services: await optionalServices({ upnp: false, autoTls: true }),
  })
  expect(host.addresses()).toHaveLength(1)
  await host.close()
})
