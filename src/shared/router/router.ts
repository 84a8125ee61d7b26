import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { Json, ToolDescriptor } from '../tools/tool.ts'
import { Breaker } from './breaker.ts'
import { CallRecorder, type CallStats } from './call-stats.ts'
import { NoRuntimeError, RunCancelledError, RuntimeBusyError, RuntimeLostError } from './errors.ts'
import { LatencyBook } from './latency.ts'
import type { Runtime, RuntimeCall } from './runtime.ts'
import { score } from './score.ts'

export interface RouterOptions {
  runtimes: readonly Runtime[]
  clock: Clock
  logger: Logger
}

interface Entry {
  runtime: Runtime
  breaker: Breaker
}

/**
 * Takes each call to the runtime that is likely to end it first, and to the next one where that is safe:
 * always when the first has refused it, and after a loss only when the tool may be repeated. A tool's own
 * failure is its answer and is never tried elsewhere.
 */
export class Router {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #entries = new Map<string, Entry>()
  readonly #latency: LatencyBook
  readonly #recorder = new CallRecorder()

  constructor(options: RouterOptions) {
    this.#clock = options.clock
    this.#logger = options.logger
    this.#latency = new LatencyBook(options.clock)
    for (const runtime of options.runtimes) this.add(runtime)
  }

  /** A runtime of the same id is replaced. */
  add(runtime: Runtime): void {
    this.#entries.set(runtime.id, { runtime, breaker: new Breaker(this.#clock) })
  }

  /** The runtime gets no more calls; those that run there go on. Its owner closes it. */
  remove(id: string): void {
    this.#entries.delete(id)
    this.#latency.forget(id)
  }

  /** Whether anybody offers the tool now. */
  offers(tool: ToolDescriptor): boolean {
    return [...this.#entries.values()].some(({ runtime }) => runtime.offers(tool))
  }

  /** Throws NoRuntimeError, RuntimeBusyError (all refused), RuntimeLostError, or the tool's own failure. */
  async call(call: RuntimeCall): Promise<Json> {
    const began = this.#clock.monotonic()
    let ok = false
    try {
      const output = await this.#runOnBest(call)
      ok = true
      return output
    } finally {
      this.#recorder.record(this.#clock.monotonic() - began, ok)
    }
  }

  stats(): CallStats {
    return this.#recorder.stats()
  }

  async #runOnBest(call: RuntimeCall): Promise<Json> {
    let failure: Error | undefined
    for (const entry of this.#candidates(call.tool)) {
      if (!entry.breaker.allows()) continue
      try {
        return await this.#runOn(entry, call)
      } catch (error) {
        if (call.signal.aborted) throw new RunCancelledError(call.tool.name)
        if (!mayTryElsewhere(error, call.tool)) throw error
        failure = error
        this.#logger('debug', 'call goes to another runtime', {
          tool: call.tool.name,
          from: entry.runtime.id,
          why: error.message,
        })
      }
    }
    throw failure ?? new RuntimeBusyError('the mesh', `no runtime that offers ${call.tool.name} is free`)
  }

  /** Best first; throws NoRuntimeError. Empty where all that offer it are broken or give no capacity. */
  #candidates(tool: ToolDescriptor): Entry[] {
    const offering = [...this.#entries.values()].filter(({ runtime }) => runtime.offers(tool))
    if (offering.length === 0) throw new NoRuntimeError(tool)
    return offering
      .filter(({ breaker, runtime }) => breaker.allows() && runtime.load().capacity > 0)
      .map(entry => ({ entry, score: this.#score(entry.runtime, tool) }))
      .sort((a, b) => a.score - b.score)
      .map(({ entry }) => entry)
  }

  #score(runtime: Runtime, tool: ToolDescriptor): number {
    return score(runtime.kind, runtime.load(), this.#latency.expect(tool.name, runtime.id))
  }

  async #runOn({ runtime, breaker }: Entry, call: RuntimeCall): Promise<Json> {
    const began = this.#clock.monotonic()
    breaker.began()
    try {
      const output = await runtime.run(call)
      this.#latency.record(call.tool.name, runtime.id, this.#clock.monotonic() - began)
      breaker.succeeded()
      return output
    } catch (error) {
      if (error instanceof RuntimeLostError) breaker.failed()
      else if (error instanceof RuntimeBusyError) breaker.refused()
      else breaker.succeeded()
      throw error
    }
  }
}

function mayTryElsewhere(error: unknown, tool: ToolDescriptor): error is Error {
  if (error instanceof RuntimeBusyError) return true
  return error instanceof RuntimeLostError && tool.effects.repeat !== 'once'
}
