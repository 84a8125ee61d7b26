import type { Clock } from '../clock.ts'
import { runTool } from '../tools/run-tool.ts'
import type { Json, ToolDescriptor } from '../tools/tool.ts'
import { RunCancelledError, RunTimedOutError, RuntimeBusyError, RuntimeLostError } from './errors.ts'
import { fitsIn } from './json-size.ts'
import type { Runtime, RuntimeCall, RuntimeLoad } from './runtime.ts'
import { toolContext } from './tool-context.ts'
import { type ImportModule, ToolLoader } from './tool-module.ts'
import { type Place, runsIn } from './tool-needs.ts'

/** Inline calls at once: they are short by what tools declare, so more than this means they are not. */
export const INLINE_CAPACITY = 64

export interface InlineRuntimeOptions {
  place: Place
  importModule: ImportModule
  clock: Clock
  /** Default INLINE_CAPACITY. */
  capacity?: number
}

/** Runs small calls of tools that allow it on the event loop itself: no hop at all. */
export class InlineRuntime implements Runtime {
  readonly id = 'inline'
  readonly kind = 'inline'
  readonly #options: InlineRuntimeOptions
  readonly #loader: ToolLoader
  readonly #capacity: number
  readonly #running = new Set<AbortController>()
  #closed = false

  constructor(options: InlineRuntimeOptions) {
    this.#options = options
    this.#loader = new ToolLoader(options.importModule)
    this.#capacity = options.capacity ?? INLINE_CAPACITY
  }

  offers(tool: ToolDescriptor): boolean {
    return !this.#closed && tool.inline_max_bytes > 0 && runsIn(tool, this.#options.place)
  }

  load(): RuntimeLoad {
    return { running: this.#running.size, waiting: 0, capacity: this.#capacity }
  }

  async run(call: RuntimeCall): Promise<Json> {
    const { tool, input, signal } = call
    if (signal.aborted) throw new RunCancelledError(tool.name)
    if (this.#closed) throw new RuntimeBusyError(this.id, 'it is closed')
    if (this.#running.size >= this.#capacity) throw new RuntimeBusyError(this.id, 'too many calls run')
    if (!fitsIn(input, tool.inline_max_bytes)) {
      throw new RuntimeBusyError(this.id, `the input is larger than ${tool.inline_max_bytes} bytes`)
    }
    const abort = new AbortController()
    this.#running.add(abort)
    try {
      const loaded = await this.#loader.load(tool.module, tool.name)
      const run = runTool(loaded, input, toolContext(abort.signal, call))
      return await this.#limited(call, abort, run)
    } finally {
      this.#running.delete(abort)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const abort of this.#running) abort.abort(new RuntimeLostError(this.id, 'it was closed'))
  }

  /** The result of a run, or its end by time or by the caller; there is no worker to end, so the signal must do. */
  #limited(call: RuntimeCall, abort: AbortController, run: Promise<Json>): Promise<Json> {
    return new Promise((resolve, reject) => {
      const stop = (error: Error) => {
        reject(error)
        abort.abort(error)
      }
      const onAbort = () => stop(new RunCancelledError(call.tool.name))
      const cancelTimer = this.#options.clock.after(call.timeoutMs, () =>
        stop(new RunTimedOutError(call.tool.name, call.timeoutMs)),
      )
      call.signal.addEventListener('abort', onAbort, { once: true })
      run.then(resolve, reject).finally(() => {
        cancelTimer()
        call.signal.removeEventListener('abort', onAbort)
      })
    })
  }
}
