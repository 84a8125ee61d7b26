import { setTimeout as sleep } from 'node:timers/promises'
import { summarise } from '../statistics.ts'
import { Completions } from './completions.ts'
import { BATCH, type Contender } from './contender.ts'
import { cpuSeconds } from './cpu-time.ts'
import type { Concurrency, Latency, Round, Step } from './round.ts'

const WARM_UP_TASKS = 3_000
/** About how long each throughput is measured, seconds. */
const MEASURED_S = 2
const FEWEST_TASKS = 2_000
const MOST_TASKS = 40_000
/** Submits of the end-to-end measurement that are under way at once. */
const BATCHES_IN_FLIGHT = 4
/** Where one task runs at a time there are fewer of them, or it would take minutes. */
const SHARE: Record<Concurrency, number> = { 1: 0.1, 8: 0.5, 64: 1, 256: 1 }
const ONE_BY_ONE_MS = 1_500
const IDLE_SAMPLES = 500
const IDLE_MS = 4_000
const LOADED_S = 4

/** One round of one contender, step by step. */
export class Measurement {
  readonly #contender: Contender
  readonly #serverPid: number | undefined
  readonly #completions = new Completions()
  readonly #steps: Record<Step, () => Promise<void>> = {
    warm_up: () => this.#warmUp(),
    submit_one: async () => {
      this.#round.submit_one = await this.#oneByOne()
    },
    at_1: () => this.#at(1),
    at_8: () => this.#at(8),
    at_64: () => this.#at(64),
    at_256: () => this.#at(256),
    idle: async () => {
      this.#round.idle = await this.#idle()
    },
    half_load: async () => {
      this.#round.half_load_per_second = (this.#round.end_to_end[64] ?? 0) / 2
      this.#round.half_load = await this.#underLoad(this.#round.half_load_per_second)
    },
  }
  readonly #round = emptyRound()
  readonly #submitted: number[] = []
  #tasks = FEWEST_TASKS
  #lastNumber = 0

  /** @param serverPid the process that works for the contender beside this one, whose CPU time counts too */
  constructor(contender: Contender, serverPid?: number) {
    this.#contender = contender
    this.#serverPid = serverPid
  }

  take(step: Step): Promise<void> {
    return this.#steps[step]()
  }

  /** Whole once all steps were taken. */
  get round(): Round {
    return { ...this.#round, submit_batch: summarise(this.#submitted).median }
  }

  async #warmUp(): Promise<void> {
    await this.#endToEnd(64, WARM_UP_TASKS)
    const { perSecond } = await this.#endToEnd(64, WARM_UP_TASKS)
    this.#tasks = Math.min(Math.max(perSecond * MEASURED_S, FEWEST_TASKS), MOST_TASKS)
  }

  async #at(concurrency: Concurrency): Promise<void> {
    const tasks = Math.ceil((this.#tasks * SHARE[concurrency]) / BATCH) * BATCH
    const { submitted, processed } = await this.#preloaded(concurrency, tasks)
    this.#submitted.push(submitted)
    this.#round.process[concurrency] = processed
    const { perSecond, cpuPerTask } = await this.#endToEnd(concurrency, tasks)
    this.#round.end_to_end[concurrency] = perSecond
    if (concurrency === 64) this.#round.cpu_s_per_100k = cpuPerTask * 100_000
  }

  /** Submits of one task each, the next when the last is durable, per second. */
  async #oneByOne(): Promise<number> {
    const numbers: number[] = []
    const started = performance.now()
    while (performance.now() - started < ONE_BY_ONE_MS) {
      const next = this.#numbers(1)
      numbers.push(...next)
      await this.#contender.submit(next)
    }
    const seconds = (performance.now() - started) / 1000
    await this.#drained(64, numbers.length)
    return numbers.length / seconds
  }

  /** Everything is submitted, in batches, before anything runs. Both per second. */
  async #preloaded(
    concurrency: Concurrency,
    tasks: number,
  ): Promise<{ submitted: number; processed: number }> {
    const started = performance.now()
    for (const batch of batches(this.#numbers(tasks))) await this.#contender.submit(batch)
    const submitted = tasks / ((performance.now() - started) / 1000)
    await this.#drained(concurrency, tasks)
    // From the first end on: how long a worker takes to begin is not what is asked.
    const { first, last } = this.#completions.span
    return { submitted, processed: (tasks - 1) / ((last - first) / 1000) }
  }

  async #drained(concurrency: Concurrency, tasks: number): Promise<void> {
    const ended = this.#completions.next(tasks)
    const worker = await this.#contender.work(concurrency, this.#completions.onDone)
    await ended
    await worker.stop()
  }

  /** Submitted in batches while workers run: from the first submit to the last end. */
  async #endToEnd(
    concurrency: Concurrency,
    tasks: number,
  ): Promise<{ perSecond: number; cpuPerTask: number }> {
    const ended = this.#completions.next(tasks)
    const worker = await this.#contender.work(concurrency, this.#completions.onDone)
    const waiting = batches(this.#numbers(tasks)).values()
    const cpuBefore = cpuSeconds(this.#serverPid)
    const started = performance.now()
    const lane = async (): Promise<void> => {
      for (const batch of waiting) await this.#contender.submit(batch)
    }
    await Promise.all(Array.from({ length: BATCHES_IN_FLIGHT }, lane))
    await ended
    const seconds = (performance.now() - started) / 1000
    const cpuPerTask = (cpuSeconds(this.#serverPid) - cpuBefore) / tasks
    await worker.stop()
    return { perSecond: tasks / seconds, cpuPerTask }
  }

  /** Submit to done of a task that is alone. */
  async #idle(): Promise<Latency> {
    const worker = await this.#contender.work(64, this.#completions.onDone)
    const samples: number[] = []
    const began = performance.now()
    while (samples.length < IDLE_SAMPLES && performance.now() - began < IDLE_MS) {
      const ended = this.#completions.next(1)
      const started = performance.now()
      const numbers = this.#numbers(1)
      await Promise.all([this.#contender.submit(numbers), ended])
      samples.push(this.#completions.endOf(numbers[0] ?? 0) - started)
    }
    await worker.stop()
    return latencyOf(samples)
  }

  /**
   * Tasks fall due evenly, whether or not the queue keeps up, and what fell due in a millisecond is one submit. Each
   * counts from when it was due, so that a queue that stalls does not hide it.
   */
  async #underLoad(perSecond: number): Promise<Latency> {
    const tasks = Math.ceil(perSecond * LOADED_S)
    const ended = this.#completions.next(tasks)
    const worker = await this.#contender.work(64, this.#completions.onDone)
    const numbers = this.#numbers(tasks)
    const submits: Promise<unknown>[] = []
    const started = performance.now()
    for (let sent = 0; sent < tasks; await sleep(1)) {
      const due = Math.min(tasks, Math.floor(((performance.now() - started) / 1000) * perSecond))
      for (const batch of batches(numbers.slice(sent, due))) submits.push(this.#contender.submit(batch))
      sent = due
    }
    await Promise.all(submits)
    await ended
    await worker.stop()
    return latencyOf(
      numbers.map((number, index) => {
        return this.#completions.endOf(number) - (started + (index / perSecond) * 1000)
      }),
    )
  }

  #numbers(count: number): number[] {
    return Array.from({ length: count }, () => ++this.#lastNumber)
  }
}

function emptyRound(): Round {
  const latency: Latency = { p50: Number.NaN, p99: Number.NaN }
  return {
    submit_one: Number.NaN,
    submit_batch: Number.NaN,
    process: {},
    end_to_end: {},
    cpu_s_per_100k: Number.NaN,
    idle: latency,
    half_load: latency,
    half_load_per_second: Number.NaN,
  }
}

function batches(numbers: readonly number[]): number[][] {
  const found: number[][] = []
  for (let at = 0; at < numbers.length; at += BATCH) found.push(numbers.slice(at, at + BATCH))
  return found
}

function latencyOf(samples: readonly number[]): Latency {
  const { median, p99 } = summarise(samples)
  return { p50: median, p99 }
}
