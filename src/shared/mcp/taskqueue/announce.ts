import { z } from 'zod'
import { peerIdOf } from '../../authority/principal.ts'
import { InvalidInputError } from '../../errors.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { WorkersPort } from './workers-port.ts'

/** Labels that say what a peer is, which it cannot choose. */
const FIXED_LABEL = /^(kind|runtime):/

export interface AnnounceComponents {
  workers: Pick<WorkersPort, 'adjust' | 'offers' | 'leaseMs'>
  /** Peer id of this node. */
  peerId: string
}

export function announceTool({ workers, peerId }: AnnounceComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_announce',
    category: 'p2p_taskqueue',
    title: 'Announce a worker',
    description:
      "Changes what a worker offers this queue: how many attempts it takes at once (credits), and its own labels, which tasks can require. Over a session between peers it speaks for the calling peer, which has announced its tools there; over HTTP and stdio for this node's own worker threads. What is left out stays; {} only tells. It holds until the session, or this node, ends.",
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
    input: z.strictObject({
      credits: z
        .int()
        .min(0)
        .max(1024)
        .exactOptional()
        .describe('Attempts at once, 0: none. More than the worker has room for is cut to that.'),
      labels: z
        .array(z.string().min(1).max(128))
        .max(32)
        .exactOptional()
        .describe('In place of all labels that it was given before; `kind:` and `runtime:` labels stay.'),
    }),
    output: z.object({
      peer_id: z.string().describe('The worker.'),
      credits: z.int().describe('Attempts that it is given at most.'),
      labels: z.array(z.string()),
      lease_ms: z.number().describe('How long a lease lasts without being renewed.'),
    }),
    run({ credits, labels: own }, { principal }) {
      own?.forEach((label, index) => {
        if (FIXED_LABEL.test(label))
          throw new InvalidInputError(`/labels/${index}`, label, 'a label without `kind:` or `runtime:`')
      })
      const worker = peerIdOf(principal) ?? peerId
      const adjusted = workers.adjust(worker, {
        ...(credits === undefined ? {} : { credits }),
        ...(own === undefined ? {} : { labels: [...fixedLabels(workers, worker), ...own] }),
      })
      return { peer_id: worker, ...adjusted, lease_ms: workers.leaseMs }
    },
  })
}

function fixedLabels(workers: Pick<WorkersPort, 'offers'>, peerId: string): string[] {
  for (const { peer_id, labels } of workers.offers()) {
    if (peer_id === peerId) return [...labels].filter(label => FIXED_LABEL.test(label))
  }
  return []
}
