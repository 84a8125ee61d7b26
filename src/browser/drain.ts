import type { Clock } from '../shared/clock.ts'
import type { AttemptRunner } from '../shared/queue/worker/attempt-runner.ts'
import { withDeadline } from './deadline.ts'
import type { StatePublisher } from './state-publisher.ts'

/** Milliseconds that attempts have to end when the tab leaves; the rest is given back to the node. */
const DRAIN_MS = 30_000

export interface Drained {
  runner: AttemptRunner
  publisher: StatePublisher
  clock: Clock
}

/** Takes no more work and resolves when what ran has ended. */
export async function drain({ runner, publisher, clock }: Drained): Promise<void> {
  publisher.update({ phase: 'draining' })
  await withDeadline(clock, DRAIN_MS, signal => runner.drain(signal))
}
