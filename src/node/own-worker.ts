import type { WorkerLink } from '../shared/queue/work.ts'
import type { AttemptRunner } from '../shared/queue/worker/attempt-runner.ts'

/** The node's own worker threads as a worker of its own queue. */
export function ownWorker(peerId: string, runner: AttemptRunner): WorkerLink {
  return {
    peer_id: peerId,
    run: (assignment, hooks) => runner.run(peerId, assignment, hooks),
    cancel: (lease, reason) => void runner.cancel(peerId, lease, new Error(reason)),
    renew: async () => runner.live(peerId),
    settled: lease => runner.settled(peerId, [lease]),
  }
}
