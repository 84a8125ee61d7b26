import { z } from 'zod'
import type { PeerView } from '../views.ts'

const path = z.enum(['tcp', 'websocket', 'webrtc-direct', 'webrtc', 'webtransport', 'relay'])

/** One peer as `views.ts` describes it. */
export const peerSchema = z.object({
  peer_id: z.string(),
  self: z.boolean().describe('Whether it is this node.'),
  kind: z.enum(['node', 'tab']),
  name: z.string().exactOptional(),
  agent: z.string().exactOptional(),
  labels: z.array(z.string()),
  roles: z.array(z.string()),
  standing: z
    .enum(['granted', 'known', 'heard', 'barred'])
    .exactOptional()
    .describe(
      'How far it is believed: holds or gave a grant, proved its id, is only told of, went over a limit.',
    ),
  connected: z.boolean(),
  draining: z.boolean().describe('It said that it is ending.'),
  path: path.exactOptional(),
  direction: z.enum(['inbound', 'outbound']).exactOptional(),
  rtt_ms: z.number().exactOptional().describe('Smoothed round trip, milliseconds.'),
  addresses: z.array(
    z.object({
      address: z.string(),
      path: path.exactOptional(),
      sources: z.array(z.string()).describe('Who told of it.'),
      last_success: z.string().exactOptional().describe('When a dial last worked.'),
      failures: z.int().describe('Dials that failed since one worked.'),
      dial_ms: z.number().exactOptional().describe('Milliseconds of a dial, smoothed.'),
    }),
  ),
  transports: z.array(path).describe('The ways that its addresses lead by.'),
  catalogue_cid: z
    .string()
    .exactOptional()
    .describe('Of its tools; peers of the same build have the same one.'),
  tools: z.int().describe('How many it has; 0 while its catalogue is not known here.'),
  capacity: z.int().exactOptional().describe('Attempts that it says it runs at once.'),
  load: z.int().exactOptional().describe('Of these taken, when it said so.'),
  running: z.int().describe('Attempts running there for us.'),
  credits: z.int().describe('How many it allows.'),
  succeeded: z.int(),
  failed: z.int(),
  first_seen: z.string(),
  last_seen: z.string(),
}) satisfies z.ZodType<PeerView>
