import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ANNOUNCEMENT_VERSION, type PeerAnnouncement, type SignedAnnouncement } from './announcement.ts'
import { DEFAULT_TTL_MS } from './announcement-limits.ts'
import { signAnnouncement } from './signed-announcement.ts'

/** For tests: a peer that speaks for itself. */
export interface TestPeer {
  privateKey: PrivateKey
  peerId: string
  says(changes?: Partial<PeerAnnouncement>): Promise<SignedAnnouncement>
}

export const TEST_TIME = 1_750_000_000_000

export function announcementOf(peerId: string, changes: Partial<PeerAnnouncement> = {}): PeerAnnouncement {
  return {
    v: ANNOUNCEMENT_VERSION,
    namespace: 'toolmesh',
    peer_id: peerId,
    seq: TEST_TIME,
    issued_at: TEST_TIME,
    ttl_ms: DEFAULT_TTL_MS,
    addresses: ['/ip4/192.0.2.7/tcp/4001'],
    kind: 'node',
    agent: 'toolmesh/0.1.0 node',
    labels: ['kind:node'],
    catalogue_cid: 'bafkreicatalogue',
    capacity: 4,
    running: 0,
    ...changes,
  }
}

export async function testPeer(): Promise<TestPeer> {
  const privateKey = await generateKeyPair('Ed25519')
  const peerId = peerIdFromPrivateKey(privateKey).toString()
  return {
    privateKey,
    peerId,
    says: (changes = {}) => signAnnouncement(announcementOf(peerId, changes), privateKey),
  }
}
