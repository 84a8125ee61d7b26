/** What the pages of peers read of the tools for peers. */
import { z } from 'zod'
import type { Diagnosis } from '../../src/shared/mesh/diagnosis/check.ts'

const error = z.object({ code: z.string(), message: z.string() })
const count = z.int().min(0)

const address = z.object({
  address: z.string(),
  path: z.string(),
  sources: z.array(z.string()),
  failures: count,
  last_success: z.string().optional(),
  dial_ms: z.number().optional(),
})

const knownPeer = z.object({
  peer_id: z.string(),
  kind: z.string().optional(),
  name: z.string().optional(),
  agent: z.string().optional(),
  labels: z.array(z.string()),
  standing: z.enum(['granted', 'known', 'heard', 'barred']),
  connected: z.boolean(),
  draining: z.boolean(),
  path: z.string().optional(),
  direction: z.string().optional(),
  rtt_ms: z.number().optional(),
  capacity: count.optional(),
  running: count.optional(),
  tools: count.optional(),
  relays: z.boolean(),
  addresses: z.array(address),
  first_seen: z.string(),
  last_seen: z.string(),
})
export type KnownPeer = z.infer<typeof knownPeer>

export const knownPeersSchema = z.object({ peers: z.array(knownPeer), known: count })
export type KnownPeers = z.infer<typeof knownPeersSchema>

const source = z.object({
  name: z.string(),
  looks: count,
  found: count,
  published: count,
  last_success: z.string().optional(),
  last_failure: z.string().optional(),
  error: error.optional(),
})
export type Source = z.infer<typeof source>

const pool = z.object({
  open: count,
  uses: count,
  reuse: z.number(),
  opens: count,
  failures: z.record(z.string(), count),
  ends: z.record(z.string(), count),
})

const step = z.object({
  step: z.enum(['resolve', 'dial', 'secure', 'multiplex', 'identify', 'session', 'authority']),
  ms: z.number(),
  error: error.exactOptional(),
})

export const meshFiguresSchema = z.object({ pool, sources: z.array(source) })
export type MeshFigures = z.infer<typeof meshFiguresSchema>

const amount = z.object({ bytes: count, messages: count })

export const peerFiguresSchema = z.object({
  peer: z.object({
    ...knownPeer.shape,
    traffic: z.object({ received: amount, sent: amount }).optional(),
    last_dials: z.array(
      z.object({
        address: z.string(),
        path: z.string(),
        outcome: z.string(),
        ms: z.number(),
        steps: z.array(step),
      }),
    ),
  }),
})
export type PeerFigures = z.infer<typeof peerFiguresSchema>['peer']

export const reachSchema = z.object({
  nat: z.enum(['public', 'private', 'unknown']),
  public_ips: z.array(z.object({ ip: z.string(), source: z.string(), witnesses: count })),
  addresses: z.array(
    z.object({ address: z.string(), state: z.enum(['confirmed', 'observed', 'listening']) }),
  ),
  relays: z.array(z.object({ peer_id: z.string(), addresses: z.array(z.string()) })),
})
export type Reach = z.infer<typeof reachSchema>

export const diagnosisSchema: z.ZodType<Diagnosis> = z.object({
  state: z.enum(['ok', 'warning', 'failed']),
  checks: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['ok', 'warning', 'failed', 'skipped']),
      summary: z.string(),
      ms: z.number().exactOptional(),
      address: z.string().exactOptional(),
      steps: z.array(step).exactOptional(),
      cause: z.string().exactOptional(),
      advice: z.string().exactOptional(),
    }),
  ),
})
