import { z } from 'zod'
import type { PeerEntry } from '../../mesh/peers/peer-entry.ts'
import { iso, isoTime, time } from '../iso-time.ts'

const milliseconds = z.number().exactOptional()

/** One peer of the peer book, as answers show it. */
export const knownPeerSchema = z.object({
  peer_id: z.string(),
  kind: z.enum(['node', 'tab']).exactOptional(),
  name: z.string().exactOptional(),
  agent: z.string().exactOptional(),
  labels: z.array(z.string()),
  standing: z
    .enum(['granted', 'known', 'heard', 'barred'])
    .describe(
      'How far it is believed: it holds a grant here or gave one; it proved its id; it was only told of; it is left alone for a while.',
    ),
  connected: z.boolean(),
  draining: z.boolean().describe('It said that it is ending.'),
  path: z.string().exactOptional(),
  direction: z.enum(['inbound', 'outbound']).exactOptional(),
  rtt_ms: milliseconds.describe('Smoothed round trip, milliseconds.'),
  capacity: z.int().exactOptional().describe('Attempts that it says it runs at once.'),
  running: z.int().exactOptional().describe('Of these taken, by its own word.'),
  tools: z.int().exactOptional().describe('How many tools it has; absent while its list is not known here.'),
  relays: z.boolean().describe('It relays for peers that hold a grant.'),
  addresses: z.array(
    z.object({
      address: z.string(),
      path: z.string(),
      sources: z.array(z.string()).describe('Who told of it.'),
      failures: z.int().describe('Dials that failed since one worked.'),
      last_success: isoTime.exactOptional(),
      last_failure: isoTime.exactOptional(),
      dial_ms: milliseconds.describe('Of a dial, smoothed.'),
    }),
  ),
  first_seen: isoTime,
  last_seen: isoTime,
  announced_until: isoTime.exactOptional().describe('When its newest own word ends.'),
})

export type KnownPeerView = z.infer<typeof knownPeerSchema>

/** @param tools how many it has, where that is known */
export function knownPeerView(entry: PeerEntry, tools: number | undefined): KnownPeerView {
  const { peer_id, kind, name, agent, labels, standing, connected, draining, path, direction } = entry
  const { rtt_ms, capacity, running, relay, addresses, first_seen, last_seen, announcement } = entry
  return {
    peer_id,
    ...given({ kind, name, agent }),
    labels: [...labels],
    ...{ standing, connected, draining },
    ...given({ path, direction, rtt_ms: rounded(rtt_ms), capacity, running, tools }),
    relays: relay !== undefined,
    addresses: addresses.map(({ address, path, sources, failures, last_success, last_failure, dial_ms }) => ({
      ...{ address, path, sources: [...sources], failures },
      ...time('last_success', last_success),
      ...time('last_failure', last_failure),
      ...given({ dial_ms: rounded(dial_ms) }),
    })),
    first_seen: iso(first_seen),
    last_seen: iso(last_seen),
    ...time('announced_until', announcement?.expires_at),
  }
}

/** To a tenth of a millisecond. */
function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 10) / 10
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without what is not known. */
function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>
}
