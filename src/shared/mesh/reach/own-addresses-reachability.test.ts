import { expect, it } from 'vitest'
import { ownAddressesReachability } from './own-addresses-reachability.ts'

const RELAY = '12D3KooWRBhwfeP2Y9CDkFRBAZ1pmxUadH36TKuk3KtKm5XXP8mA'
const SELF = '12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'

it('tells public addresses from others, and relays from listeners, and claims no more', async () => {
  const direct = [
    '/ip4/127.0.0.1/tcp/1',
    '/ip4/10.0.0.7/tcp/1',
    '/ip4/93.184.215.14/tcp/1',
    '/ip6/fe80::1/tcp/1',
  ].map(address => `${address}/p2p/${SELF}`)
  const slot = `/ip4/93.184.215.99/tcp/1/p2p/${RELAY}/p2p-circuit/p2p/${SELF}`
  const host = { addresses: () => [...direct, slot] }
  const report = await ownAddressesReachability(host, () => 5).report({
    refresh: true,
    signal: new AbortController().signal,
  })
  expect(report).toEqual({
    nat: 'unknown',
    public_ips: [{ ip: '93.184.215.14', source: 'listener', witnesses: 1, at: 5 }],
    addresses: direct.map(address => ({ address, state: 'listening' })),
    relays: [{ peer_id: RELAY, addresses: [slot] }],
  })
})
