import { join } from 'node:path'
import type { z } from 'zod'
import type { Benchmark, Figure, Findings } from './benchmark.ts'
import { measuredBy } from './measured-by.ts'
import { bareFsync } from './queue/bare-fsync.ts'
import { watchOthers } from './queue/cpu-time.ts'
import { removeFolder, temporaryFolder } from './queue/temporary-folder.ts'
import { summarise } from './statistics.ts'
import { STEPS_OF_SEQUENCE } from './workflow/definitions.ts'
import {
  type LargeFigures,
  largeFigures,
  type SequenceFigures,
  sequenceFigures,
  type ThroughputFigures,
  throughputFigures,
} from './workflow/figures.ts'
import { overMcp } from './workflow/over-mcp.ts'
import { SHAPES, type Shape, STEPS } from './workflow/shapes.ts'
import { AT_ONCE, CHAIN, WAYS, type Way } from './workflow/ways.ts'

const ROUNDS = 3
/** A step of a sequence takes less than so many times a task. */
const GOAL_STEP = 2
/** Steps a second of many workflows at once, against one at a time. */
const GOAL_MANY = 1
/** Resident memory that one workflow of so many steps may take above an idle process, MiB. */
const GOAL_MIB = 1_024

/** Each step of a sequence of three tiny ones, as their makers published it, milliseconds: measured on other machines. */
const PUBLISHED = [
  { name: 'Restate', ms: 1.4 },
  { name: 'Windmill', ms: 34 },
  { name: 'Temporal', ms: 40 },
  { name: 'Inngest', ms: 87 },
]

const SHAPE_NAMES: Record<Shape, string> = {
  layers: `${number(STEPS)} steps in 100 layers, each depends on two`,
  independent: `${number(STEPS)} steps that depend on nothing`,
  for_each: `one step for each of ${number(STEPS)} items`,
}

export const benchmark: Benchmark = {
  name: 'workflow',
  title: 'Workflows beside the tasks that their steps are',
  usesNode: true,
  run,
}

async function run(): Promise<Findings[]> {
  const othersCores = watchOthers()
  const fsync: number[] = []
  const sequences: SequenceFigures[] = []
  const rates: Record<Way, ThroughputFigures[]> = { one_narrow: [], one_wide: [], many: [], tasks: [] }
  for (let round = 0; round < ROUNDS; round++) {
    fsync.push(...(await bareFsync()).overwritten)
    sequences.push(await inNewFolder('sequence.ts', [], sequenceFigures))
    for (const way of WAYS) rates[way].push(await inNewFolder('throughput.ts', [way], throughputFigures))
  }
  const mcp = await overMcp()
  const large: Partial<Record<Shape, LargeFigures>> = {}
  for (const shape of SHAPES) large[shape] = await inNewFolder('large.ts', [shape], largeFigures)
  const others = othersCores()
  const fsyncs = summarise(fsync)
  return [
    {
      method:
        'queue and workflows as a node composes them, SQLite with `full`, in one process that also runs the steps, which do nothing',
      figures: [
        { name: 'bare fsync, 4 KiB overwritten', value: fsyncs.median, p99: fsyncs.p99, unit: 'ms' },
        ...(others === undefined
          ? []
          : [{ name: 'other programs meanwhile', value: others, unit: 'cores busy' }]),
      ],
    },
    sequenceFindings(sequences),
    {
      method:
        'the same from a node of its own, over MCP by HTTP, a request for each submit and each result; a real tool in its worker threads (p50)',
      figures: [
        { name: 'a task', value: mcp.task.median, p99: mcp.task.p99, unit: 'ms' },
        { name: 'a step', value: mcp.step.median, p99: mcp.step.p99, unit: 'ms' },
        {
          name: 'a step takes',
          value: mcp.step.median / mcp.task.median,
          unit: 'tasks',
          goal: { most: GOAL_STEP },
        },
      ],
    },
    {
      method:
        'a step of a sequence of 3 in other products, as published: NOT measured here, on other machines and disks',
      figures: PUBLISHED.map(({ name, ms }) => ({ name, value: ms, unit: 'ms' })),
    },
    ratesFindings(rates),
    ...SHAPES.flatMap(shape => {
      const figures = large[shape]
      return figures === undefined ? [] : [largeFindings(shape, figures)]
    }),
  ]
}

function sequenceFindings(rounds: readonly SequenceFigures[]): Findings {
  const median = (of: (figures: SequenceFigures) => number) => summarise(rounds.map(of)).median
  const samples = rounds.reduce((sum, round) => sum + round.samples, 0)
  return {
    method: `submit to result of a sequence of ${STEPS_OF_SEQUENCE} steps, for each step, and of one task: ${number(samples)} of both by turns, medians of the p50 and p99 of ${ROUNDS} rounds`,
    figures: [
      {
        name: 'a task',
        value: median(({ task }) => task.median),
        p99: median(({ task }) => task.p99),
        unit: 'ms',
      },
      {
        name: 'a step',
        value: median(({ step }) => step.median),
        p99: median(({ step }) => step.p99),
        unit: 'ms',
      },
      {
        name: 'a step takes',
        value: median(({ step, task }) => step.median / task.median),
        unit: 'tasks',
        goal: { most: GOAL_STEP },
      },
      { name: 'CPU time of a task, all threads', value: median(each => each.task_cpu_us), unit: 'µs' },
      { name: 'CPU time of a step, all threads', value: median(each => each.step_cpu_us), unit: 'µs' },
    ],
  }
}

function ratesFindings(rates: Record<Way, ThroughputFigures[]>): Findings {
  const median = (way: Way, of: (figures: ThroughputFigures) => number) =>
    summarise(rates[way].map(of)).median
  const perSecond = (way: Way) => median(way, ({ steps }) => steps)
  const name = {
    one_narrow: 'one workflow at a time, a chain',
    one_wide: `one workflow at a time, ${AT_ONCE} chains in it`,
    many: `${AT_ONCE} workflows at once, a chain each`,
    tasks: `${AT_ONCE} tasks at once, without a workflow`,
  } satisfies Record<Way, string>
  return {
    method: `throughput: medians of ${ROUNDS} rounds by turns, each in a new process on a new store; chains of ${CHAIN} steps`,
    figures: [
      ...WAYS.map(way => ({ name: name[way], value: perSecond(way), unit: 'steps/s' })),
      ...WAYS.map(way => ({
        name: `${name[way]}: CPU time, all threads`,
        value: median(way, ({ cpu_us_per_step }) => cpu_us_per_step),
        unit: 'µs a step',
      })),
      {
        name: `${AT_ONCE} at once against one at a time`,
        value: perSecond('many') / perSecond('one_narrow'),
        unit: 'times',
        goal: { least: GOAL_MANY },
      },
      {
        name: `${AT_ONCE} at once against one with as many chains`,
        value: perSecond('many') / perSecond('one_wide'),
        unit: 'times',
      },
    ],
  }
}

function largeFindings(shape: Shape, figures: LargeFigures): Findings {
  const { submit_ms, run_s, read_s, events, cpu_us_per_step, run_mib, read_mib } = figures
  const memory = (name: string, value: number): Figure => ({
    name,
    value,
    unit: 'MiB',
    goal: { most: GOAL_MIB },
  })
  return {
    method: `${SHAPE_NAMES[shape]}: once, in a new process on a new store`,
    figures: [
      { name: 'submit', value: submit_ms, unit: 'ms' },
      { name: 'submit to end', value: run_s, unit: 's' },
      { name: 'rate', value: STEPS / run_s, unit: 'steps/s' },
      { name: 'CPU time, all threads', value: cpu_us_per_step, unit: 'µs a step' },
      { name: `all read back, ${number(events)} events`, value: read_s, unit: 's' },
      memory('resident memory at its most, above the start', run_mib),
      memory('the same with the reading', read_mib),
    ],
  }
}

/** What a program of bench/workflow measures on a new store. */
async function inNewFolder<T>(program: string, args: readonly string[], schema: z.ZodType<T>): Promise<T> {
  const folder = await temporaryFolder()
  try {
    return await measuredBy(join(import.meta.dirname, 'workflow', program), [folder, ...args], schema)
  } finally {
    await removeFolder(folder)
  }
}

function number(value: number): string {
  return value.toLocaleString('en')
}
