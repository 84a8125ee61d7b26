import { join } from 'node:path'
import type { Findings } from '../benchmark.ts'
import { measuredBy } from '../measured-by.ts'
import { summarise } from '../statistics.ts'
import { BATCH } from './contender.ts'
import { CREDITS, type PeersRound, peersRoundSchema, TASKS, WARM_UP_TASKS, WORKERS } from './peers-round.ts'
import { removeFolder, temporaryFolder } from './temporary-folder.ts'

const ROUNDS = 3
/** Tasks a second that two peers have to do over their sessions. */
const GOAL_PER_SECOND = 10_000

/** The work of a durable queue done by peers, each a process of its own with a session over TCP. */
export async function peers(): Promise<Findings> {
  const rounds: PeersRound[] = []
  while (rounds.length < ROUNDS) rounds.push(await round())
  const median = (of: (round: PeersRound) => number) => summarise(rounds.map(of)).median
  return {
    method: `medians of ${ROUNDS} rounds: ${TASKS} tasks (after ${WARM_UP_TASKS} to warm up) submitted in batches of ${BATCH} to an owner with \`full\`, run by ${WORKERS} other processes over libp2p sessions on the loopback, ${CREDITS} at once each`,
    figures: [
      {
        name: 'submit to done by two peers',
        value: median(each => each.per_second),
        unit: 'tasks/s',
        goal: { least: GOAL_PER_SECOND },
      },
      { name: 'CPU of the owner', value: median(each => each.owner_us), unit: 'µs a task' },
      { name: 'CPU of the workers', value: median(each => each.worker_us), unit: 'µs a task' },
    ],
  }
}

async function round(): Promise<PeersRound> {
  const folder = await temporaryFolder()
  try {
    return await measuredBy(join(import.meta.dirname, 'peers-owner.ts'), [folder, 'full'], peersRoundSchema)
  } finally {
    await removeFolder(folder)
  }
}
