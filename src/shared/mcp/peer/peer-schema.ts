import { z } from 'zod'
import type { PeerView } from '../views.ts'

/** One peer as `views.ts` describes it. */
export const peerSchema = z.object({
  peer_id: z.string(),
  self: z.boolean().describe('Whether it is this node.'),
  kind: z.enum(['node', 'tab']),
  name: z.string().exactOptional(),
  agent: z.string().exactOptional(),
  labels: z.array(z.string()),
  roles: z.array(z.string()),
  connected: z.boolean(),
  path: z.enum(['tcp', 'websocket', 'webrtc-direct', 'webrtc', 'webtransport', 'relay']).exactOptional(),
  direction: z.enum(['inbound', 'outbound']).exactOptional(),
  rtt_ms: z.number().exactOptional().describe('Smoothed round trip, milliseconds.'),
  running: z.int().describe('Attempts running there for us.'),
  credits: z.int().describe('How many it allows.'),
  tools: z.int(),
  succeeded: z.int(),
  failed: z.int(),
  first_seen: z.string(),
  last_seen: z.string(),
}) satisfies z.ZodType<PeerView>
