/** What simulated peers say of themselves. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { base58btc } from 'multiformats/bases/base58'
import { base64url } from 'multiformats/bases/base64'
import { canonicalize } from '../../src/shared/artifacts/canonical.ts'
import type { Clock } from '../../src/shared/clock.ts'
import { silentLogger } from '../../src/shared/logger.ts'
import {
  ANNOUNCEMENT_VERSION,
  type PeerAnnouncement,
  type SignedAnnouncement,
} from '../../src/shared/mesh/peers/announcement.ts'
import { DEFAULT_TTL_MS, TAB_TTL_MS } from '../../src/shared/mesh/peers/announcement-limits.ts'
import { OwnAnnouncement } from '../../src/shared/mesh/peers/own-announcement.ts'
import { verifyAnnouncement } from '../../src/shared/mesh/peers/signed-announcement.ts'
import type { Random } from './random.ts'
import type { Voice } from './sim-peer.ts'

export const NAMESPACE = 'sim'
/** Said anew after half of it, as nodes and tabs do. Milliseconds. */
const TTL_MS = { node: DEFAULT_TTL_MS, tab: TAB_TTL_MS }

export interface Said {
  kind: 'node' | 'tab'
  address: string
  catalogue_cid: string
}

/** How peers of a world get their ids, say what they are, and believe each other. */
export interface Words {
  voice(said: Said): Promise<{ id: string; voice: Voice }>
  verify(signed: SignedAnnouncement): Promise<PeerAnnouncement | undefined>
}

/** Real keys and signatures: every peer signs, and each that hears it for the first time checks. */
export function signedWords(clock: Clock): Words {
  return {
    async voice({ kind, address, catalogue_cid }) {
      const privateKey = await generateKeyPair('Ed25519')
      const facts = { addresses: [address], labels: [`kind:${kind}`], catalogue_cid, capacity: 1, running: 0 }
      const voice = new OwnAnnouncement({
        privateKey,
        namespace: () => NAMESPACE,
        kind,
        agent: 'toolmesh/sim',
        facts: () => facts,
        ttlMs: () => TTL_MS[kind],
        clock,
        logger: silentLogger,
      })
      return { id: peerIdFromPrivateKey(privateKey).toString(), voice }
    },
    verify: signed => verifyAnnouncement(signed, { namespace: NAMESPACE, now: clock.now() }),
  }
}

/**
 * The same words without keys, for worlds in which signing alone would take hours: a signature of the right length
 * that all believe. What was said is read once and shared by all books, so that memory is that of the books alone.
 */
export function unsignedWords(clock: Clock, random: Random): Words {
  const read = new WeakMap<SignedAnnouncement, PeerAnnouncement>()
  const bytes = (count: number) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256))
  return {
    async voice({ kind, address, catalogue_cid }) {
      // An Ed25519 peer id is its public key in an identity multihash (libp2p specs, peer-ids).
      const id = base58btc.baseEncode(Uint8Array.of(0, 36, 8, 1, 18, 32, ...bytes(32)))
      const signature = base64url.baseEncode(bytes(64))
      let seq = 0
      let current: SignedAnnouncement | undefined
      let stop = (): void => {}
      const listeners = new Set<() => void>()
      const say = (): void => {
        seq += 1
        const said = {
          v: ANNOUNCEMENT_VERSION,
          namespace: NAMESPACE,
          peer_id: id,
          seq,
          issued_at: clock.now(),
          ttl_ms: TTL_MS[kind],
          addresses: [address],
          kind,
          agent: 'toolmesh/sim',
          labels: [`kind:${kind}`],
          catalogue_cid,
          capacity: 1,
          running: 0,
        } satisfies PeerAnnouncement
        current = { text: canonicalize(said), signature }
        read.set(current, said)
        for (const listener of listeners) listener()
        stop = clock.after(TTL_MS[kind] / 2, say)
      }
      say()
      const voice: Voice = {
        current: () => current,
        onChange(listener) {
          listeners.add(listener)
          return () => listeners.delete(listener)
        },
        close: () => stop(),
      }
      return { id, voice }
    },
    verify: async signed => read.get(signed),
  }
}
