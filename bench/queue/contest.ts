import { type BareFsync, bareFsync } from './bare-fsync.ts'
import { watchOthers } from './cpu-time.ts'
import { type Absence, allEntrants, type Durability, type Entrant, type Running } from './entrants.ts'
import { type Round, STEPS, type Step } from './round.ts'

const ROUNDS = 3

export interface Contest {
  rounds: number
  results: { name: string; durability: Durability; isOurs: boolean; rounds: Round[] }[]
  /** Those that could not take part, or failed in a round. */
  absent: Absence[]
  fsync: BareFsync
  /** Cores that other programs kept busy meanwhile, on average; undefined where it cannot be known. */
  othersCores: number | undefined
}

/** All contenders side by side: each takes a step, then each the next one. */
export async function contest(): Promise<Contest> {
  const { entrants, absent } = await allEntrants()
  const results: Contest['results'] = []
  const fsync: BareFsync = { appended: [], overwritten: [] }
  const othersCores = watchOthers()
  for (let round = 0; round < ROUNDS; round++) {
    const measured = await oneRound(rotated(entrants, round), step => {
      process.stderr.write(`round ${round + 1} of ${ROUNDS}: ${step}\n`)
      return sampleFsync(fsync)
    })
    for (const { name, durability, isOurs } of entrants) {
      const outcome = measured.get(name)
      if (typeof outcome === 'string') absent.push({ name, reason: `round ${round + 1}: ${outcome}` })
      if (outcome === undefined || typeof outcome === 'string') continue
      const result = results.find(each => each.name === name)
      if (result === undefined) results.push({ name, durability, isOurs, rounds: [outcome] })
      else result.rounds.push(outcome)
    }
  }
  return { rounds: ROUNDS, results, absent, fsync, othersCores: othersCores() }
}

/** What each measured, or why it failed; a failure of ours is thrown. */
async function oneRound(
  entrants: readonly Entrant[],
  beforeStep: (step: Step) => Promise<void>,
): Promise<Map<string, Round | string>> {
  const outcomes = new Map<string, Round | string>()
  const running = new Map<Entrant, Running>()
  const attempt = async (entrant: Entrant, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (entrant.isOurs) throw error
      outcomes.set(entrant.name, `failed: ${error}`)
    }
  }
  try {
    for (const entrant of entrants) {
      await attempt(entrant, async () => running.set(entrant, await entrant.start()))
    }
    for (const step of STEPS) {
      await beforeStep(step)
      for (const [entrant, { contender }] of running) {
        if (!outcomes.has(entrant.name)) await attempt(entrant, () => contender.take(step))
      }
    }
    for (const [entrant, { contender }] of running) {
      if (outcomes.has(entrant.name)) continue
      await attempt(entrant, async () => outcomes.set(entrant.name, await contender.finish()))
    }
    return outcomes
  } finally {
    for (const { dispose } of running.values()) await dispose()
  }
}

/** Another one is first each time, as what a server still tidies up falls on whoever comes after it. */
function rotated<T>(items: readonly T[], by: number): T[] {
  return items.map((item, index) => items[(index + by) % items.length] ?? item)
}

async function sampleFsync(fsync: BareFsync): Promise<void> {
  const { appended, overwritten } = await bareFsync()
  fsync.appended.push(...appended)
  fsync.overwritten.push(...overwritten)
}
