import type { Benchmark, Figure, Findings } from './benchmark.ts'
import { BATCH } from './queue/contender.ts'
import { type Contest, contest } from './queue/contest.ts'
import { peers } from './queue/peers.ts'
import { CONCURRENCIES, type Latency, type Round } from './queue/round.ts'
import { summarise } from './statistics.ts'

/** Submit to done, tasks a second: ours, durable, against the best rival that is durable. */
const GOAL_DURABLE = 2
/** The same against the best of those that may lose what they acknowledged. */
const GOAL_NOT_DURABLE = 1
/** Alone in the queue a task takes at most so many times a bare fsync and `HOPS_MS`. */
const GOAL_IDLE = 3
const HOPS_MS = 0.2
const GOAL_LOADED_P99_MS = 50

export const benchmark: Benchmark = {
  name: 'queue',
  title: 'The task queue beside BullMQ, pg-boss and graphile-worker',
  usesNode: false,
  run,
}

async function run(): Promise<Findings[]> {
  return [...findings(await contest()), await peers()]
}

type Entrant = Contest['results'][number]

function findings({ results, absent, fsync, rounds, othersCores }: Contest): Findings[] {
  const overwritten = summarise(fsync.overwritten)
  const appended = summarise(fsync.appended)
  const throughput = (method: string, of: (round: Round) => number | undefined): Findings => ({
    method,
    figures: results.map(({ name, rounds }) => ({ name, value: medianOf(rounds, of), unit: 'tasks/s' })),
  })
  const latency = (
    method: string,
    of: (round: Round) => Latency,
    bar: (latency: Latency) => Figure['goal'],
  ) => ({
    method,
    figures: results.map(entrant => {
      const { name, rounds } = entrant
      const measured = {
        p50: medianOf(rounds, round => of(round).p50),
        p99: medianOf(rounds, round => of(round).p99),
      }
      const goal = isOursDurable(entrant) ? bar(measured) : undefined
      return { name, value: measured.p50, p99: measured.p99, unit: 'ms', ...(goal && { goal }) }
    }),
  })
  return [
    {
      method: `medians of ${rounds} rounds, each contender in a process of its own that submits and works (the rivals' servers beside it, on a socket), with a new store each round, by turns in each step; payload 100 bytes; its tasks do nothing`,
      figures: [
        {
          name: 'bare fsync, 4 KiB overwritten',
          value: overwritten.median,
          p99: overwritten.p99,
          unit: 'ms',
        },
        { name: 'bare fsync, 4 KiB appended', value: appended.median, p99: appended.p99, unit: 'ms' },
        ...(othersCores === undefined
          ? []
          : [{ name: 'other programs meanwhile', value: othersCores, unit: 'cores busy' }]),
      ],
    },
    ...absent.map(({ name, reason }) => ({ method: name, figures: [], skipped: reason })),
    throughput('submit, one after the other', round => round.submit_one),
    throughput(`submit in batches of ${BATCH}, one after the other`, round => round.submit_batch),
    ...CONCURRENCIES.map(concurrency =>
      throughput(`process what waits, ${concurrency} at once`, round => round.process[concurrency]),
    ),
    ...CONCURRENCIES.map(concurrency =>
      throughput(
        `submit to done, in batches of ${BATCH}, ${concurrency} at once`,
        round => round.end_to_end[concurrency],
      ),
    ),
    {
      method: 'CPU time of submit to done, 64 at once, server included',
      figures: results.map(({ name, rounds }) => {
        return { name, value: medianOf(rounds, round => round.cpu_s_per_100k), unit: 's for 100,000 tasks' }
      }),
    },
    latency(
      `submit to done of one task at a time (p50; goal ${GOAL_IDLE} × (bare fsync + ${HOPS_MS} ms))`,
      round => round.idle,
      () => ({ most: GOAL_IDLE * (overwritten.median + HOPS_MS) }),
    ),
    latency(
      'submit to done at half of its own throughput, 64 at once, from when it was due (p50)',
      round => round.half_load,
      () => undefined,
    ),
    comparison(results),
  ]
}

/** What the goals ask of the durable one of ours. */
function comparison(results: readonly Entrant[]): Findings {
  const figures: Figure[] = []
  const own = results.find(isOursDurable)
  if (own === undefined) return { method: 'ours against the others', figures }
  for (const durability of ['durable', 'not durable'] as const) {
    const rivals = results.filter(each => !each.isOurs && each.durability === durability)
    if (rivals.length === 0) continue
    const least = durability === 'durable' ? GOAL_DURABLE : GOAL_NOT_DURABLE
    const against = `the fastest rival that is ${durability}`
    const ratio = (of: (entrant: Entrant) => number) => of(own) / Math.max(...rivals.map(of))
    figures.push({
      name: `${against}, each at its best`,
      value: ratio(bestOf),
      unit: 'times',
      goal: { least },
    })
    for (const concurrency of CONCURRENCIES) {
      const value = ratio(({ rounds }) => medianOf(rounds, round => round.end_to_end[concurrency]))
      const goal = concurrency === 64 ? { goal: { least } } : {}
      figures.push({ name: `${against}, ${concurrency} at once`, value, unit: 'times', ...goal })
    }
  }
  const p99 = medianOf(own.rounds, round => round.half_load.p99)
  figures.push({
    name: 'p99 at half load, 64 at once',
    value: p99,
    unit: 'ms',
    goal: { most: GOAL_LOADED_P99_MS },
  })
  return { method: 'submit to done, toolmesh with `full` against', figures }
}

function bestOf({ rounds }: Entrant): number {
  return Math.max(
    ...CONCURRENCIES.map(concurrency => medianOf(rounds, round => round.end_to_end[concurrency])),
  )
}

function isOursDurable({ isOurs, durability }: Entrant): boolean {
  return isOurs && durability === 'durable'
}

function medianOf(rounds: readonly Round[], of: (round: Round) => number | undefined): number {
  return summarise(rounds.map(round => of(round) ?? Number.NaN)).median
}
