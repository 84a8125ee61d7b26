import { z } from 'zod'
import type { DialReport } from '../../mesh/dialling/dial-report.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { knownPeerSchema, knownPeerView } from './known-peer-view.ts'
import type { MeshAccess, MeshPort } from './mesh-port.ts'
import { ensureOther, UnknownPeerError } from './open-session.ts'
import { peerIdInput } from './peer-id-input.ts'
import { sourceReportSchema, sourceReportView } from './source-report-view.ts'

/** Connected peers that are counted at most. */
const COUNTED = 10_000

const count = z.int().min(0)
const counts = z.record(z.string(), count)
const milliseconds = z.number().nullable()

const amount = z.object({ bytes: count, messages: count })
/** Frames of sessions; large values travel beside them. */
const trafficSchema = z.object({ received: amount, sent: amount })

const dialSchema = z.object({
  address: z.string(),
  path: z.string(),
  outcome: z.enum(['connected', 'failed', 'superseded']),
  ms: z.number(),
  steps: z.array(
    z.object({
      step: z.string(),
      ms: z.number(),
      error: z.object({ code: z.string(), message: z.string() }).exactOptional(),
    }),
  ),
})

export interface MetricsComponents {
  mesh: MeshAccess
  peerId: string
}

export function metricsTool({ mesh, peerId }: MetricsComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_peer_metrics',
    category: 'p2p_peer',
    title: 'Figures of the mesh',
    description:
      'How the mesh does as this node sees it, since it started: sessions opened, used again, failed and ended, how long opening takes, by which paths peers are connected, and how each source of peers does. With peer_id also all that is known of that peer, and what became of each address in the last round of dials to it.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({ peer_id: peerIdInput.exactOptional().describe('Tell of this peer too.') }),
    output: z.object({
      peers: z.object({
        known: count,
        connected: count,
        paths: counts.describe('Connected peers by path.'),
      }),
      pool: z.object({
        open: count.describe('Sessions that are open now.'),
        uses: count,
        reuse: z.number().describe('Share of uses that found a session open, 0 to 1.'),
        opens: count,
        failures: counts.describe('Failures to open, by error code.'),
        ends: counts.describe('Ends of sessions, by their code.'),
        open_ms: z
          .object({ p50: milliseconds, p99: milliseconds })
          .describe('To open a session, of the last 1,000.'),
      }),
      traffic: trafficSchema.describe('Over all sessions, those that have ended too.'),
      sources: z.array(sourceReportSchema),
      peer: z
        .object({
          ...knownPeerSchema.shape,
          traffic: trafficSchema.exactOptional().describe('Over the session that is open.'),
          last_dials: z.array(dialSchema),
        })
        .exactOptional()
        .describe('In answer to `peer_id`.'),
    }),
    run({ peer_id }) {
      const port = mesh()
      const connected = port.book.list({ connected: true, limit: COUNTED })
      const paths: Record<string, number> = {}
      for (const { path = 'unknown' } of connected) paths[path] = (paths[path] ?? 0) + 1
      return {
        peers: { known: port.book.size, connected: connected.length, paths },
        pool: port.pool.metrics(),
        traffic: port.host.bytes(),
        sources: port.discovery.reports().map(sourceReportView),
        ...(peer_id === undefined ? {} : { peer: peerFigures(port, peer_id, peerId) }),
      }
    },
  })
}

function peerFigures({ host, book, pool }: MeshPort, id: string, ownPeerId: string) {
  ensureOther(id, ownPeerId)
  const entry = book.entry(id)
  if (entry === undefined) throw new UnknownPeerError(id)
  const traffic = host.session(id)?.bytes
  return {
    ...knownPeerView(entry, book.toolsOf(id)?.length),
    ...(traffic === undefined ? {} : { traffic }),
    last_dials: pool.lastDials(id).map(dialView),
  }
}

function dialView({ address, path, outcome, ms, steps }: DialReport) {
  return {
    ...{ address, path, outcome, ms },
    steps: steps.map(({ step, ms, error }) => ({ step, ms, ...(error === undefined ? {} : { error }) })),
  }
}
