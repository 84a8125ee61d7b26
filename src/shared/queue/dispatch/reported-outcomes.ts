import type { Clock } from '../../clock.ts'
import type { Bodies } from '../bodies/bodies.ts'
import { storedLogs } from '../log-tail.ts'
import type { CommandMap, Reply } from '../states/commands.ts'
import type { AttemptLogLine } from '../task.ts'
import type { OutcomeReport, OutcomeVerdict } from '../work.ts'
import { verdictOf } from './leased-attempts.ts'
import { releaseOutcome, storedOutcome } from './stored-outcome.ts'

export interface ReportedOutcomesInit {
  clock: Clock
  /** Uniform in [0, 1). */
  random: () => number
  bodies: Pick<Bodies, 'keep' | 'release'>
  commit: (command: CommandMap['settle']) => Promise<Reply>
  /** Log lines that were heard of the attempt that runs. */
  logsOf: (taskId: string) => readonly AttemptLogLine[]
}

/** Outcomes that workers bring by themselves, from their outbox or after a claim. */
export class ReportedOutcomes {
  readonly #init: ReportedOutcomesInit

  constructor(init: ReportedOutcomesInit) {
    this.#init = init
  }

  /** Rejects when the store does not take it: the worker keeps it and comes again. */
  async take(
    peerId: string,
    { task_id, fence, instance_id, outcome }: OutcomeReport,
  ): Promise<OutcomeVerdict> {
    const { clock, random, bodies, logsOf } = this.#init
    const logs = storedLogs(outcome.logs ?? logsOf(task_id))
    const stored = storedOutcome(outcome, bodies)
    return this.#commit({
      kind: 'settle',
      task_id,
      fence,
      peer_id: peerId,
      instance_id,
      at: clock.now(),
      roll: random(),
      // What is small joins the commit that begins now.
      outcome: stored instanceof Promise ? await stored : stored,
      ...(logs === undefined ? {} : { logs }),
    })
  }

  async #commit(command: CommandMap['settle']): Promise<OutcomeVerdict> {
    const { commit, bodies } = this.#init
    // Unless the store says that it did not take it, it may have.
    let mayRefer = true
    try {
      const reply = await commit(command)
      mayRefer = reply.changed
      return verdictOf(reply)
    } finally {
      releaseOutcome(command.outcome, mayRefer, bodies)
    }
  }
}
