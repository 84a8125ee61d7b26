import type { Queue } from '../../queue/queue.ts'

/** What the tools of workers need: those of this queue, this node's own among them. */
export type WorkersPort = Pick<Queue, 'workers' | 'offers' | 'adjust' | 'heartbeat' | 'leaseMs'>
