import type { AttemptRunner } from '../shared/queue/attempt-runner.ts'
import type { WorkerLink } from '../shared/queue/work.ts'

/** The node's own worker threads as a worker of its own queue. There is no session to lose, so every answer arrives. */
export function ownWorker(peerId: string, runner: AttemptRunner): WorkerLink {
  return {
    peer_id: peerId,
    async run(assignment, hooks, signal) {
      const outcome = await runner.run(peerId, assignment, hooks, signal)
      runner.delivered(peerId, assignment.lease)
      return outcome
    },
    renew: async () => runner.live(peerId),
  }
}
