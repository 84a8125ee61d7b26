import type { Clock } from '../clock.ts'
import { errorFromFacts, type ToolmeshError } from '../errors.ts'
import type { Json } from '../tools/tool.ts'
import { RunCancelledError, RunTimedOutError, RuntimeBusyError, RuntimeLostError } from './errors.ts'
import type { RuntimeCall } from './runtime.ts'
import { isFromWorker, type ToWorker } from './worker-messages.ts'

/** One worker of a platform: a worker thread or a Web Worker. */
export interface WorkerHandle {
  post(message: ToWorker): void
  onMessage(listener: (message: unknown) => void): void
  /** Called once when the worker has died by itself. */
  onDeath(listener: (why: string) => void): void
  /** Ends the worker at once, whatever it is doing. */
  end(): void
}

export interface WorkerSlotOptions {
  name: string
  worker: WorkerHandle
  clock: Clock
  /** Milliseconds between a tool's abort signal and the end of its worker. */
  graceMs: number
  /** The worker is gone: it died, or it was ended because a run did not stop. */
  onGone: (why: string) => void
}

interface Run {
  number: number
  call: RuntimeCall
  resolve(output: Json): void
  reject(error: ToolmeshError): void
  /** Set once the run has been told to stop: what it will fail with, whatever the tool still answers. */
  stopped?: ToolmeshError
  cancelTimer: () => void
  onAbort: () => void
}

/** One started worker, which runs one call at a time. */
export class WorkerSlot {
  readonly #options: WorkerSlotOptions
  #run: Run | undefined
  #calls = 0
  #ready = false
  #gone = false
  /** When the slot last became idle, on the monotonic clock. */
  idleSince: number

  constructor(options: WorkerSlotOptions) {
    this.#options = options
    this.idleSince = options.clock.monotonic()
    options.worker.onMessage(message => this.#receive(message))
    options.worker.onDeath(why => this.end(why))
  }

  get gone(): boolean {
    return this.#gone
  }

  /** Runs one call; the slot must be idle. */
  run(call: RuntimeCall): Promise<Json> {
    if (call.signal.aborted) return Promise.reject(new RunCancelledError(call.tool.name))
    return new Promise((resolve, reject) => {
      this.#calls += 1
      const run: Run = {
        number: this.#calls,
        call,
        resolve,
        reject,
        cancelTimer: this.#options.clock.after(call.timeoutMs, () =>
          this.#stop(run, new RunTimedOutError(call.tool.name, call.timeoutMs)),
        ),
        onAbort: () => this.#stop(run, new RunCancelledError(call.tool.name)),
      }
      this.#run = run
      call.signal.addEventListener('abort', run.onAbort, { once: true })
      this.#options.worker.post({
        kind: 'run',
        call: run.number,
        tool: call.tool.name,
        module: call.tool.module,
        input: call.input,
      })
    })
  }

  /** Ends the worker; a call that runs in it is lost, unless it was told to stop. */
  end(why: string): void {
    if (this.#gone) return
    this.#gone = true
    this.#options.worker.end()
    const run = this.#take()
    run?.reject(run.stopped ?? this.#lost(why))
    this.#options.onGone(why)
  }

  #receive(message: unknown): void {
    if (this.#gone) return
    if (!isFromWorker(message)) {
      this.end('it sent a message that is none')
      return
    }
    if (message.kind === 'ready') {
      this.#ready = true
      return
    }
    const run = this.#run
    if (run === undefined || run.number !== message.call) return
    switch (message.kind) {
      case 'progress':
        run.call.onProgress?.(message.progress)
        return
      case 'log':
        run.call.onLog?.(message.line)
        return
      case 'done':
        this.#take()
        if (run.stopped === undefined) run.resolve(message.output)
        else run.reject(run.stopped)
        return
      case 'failed':
        this.#take()
        run.reject(run.stopped ?? errorFromFacts(message.error))
    }
  }

  #stop(run: Run, error: ToolmeshError): void {
    if (this.#run !== run || run.stopped !== undefined) return
    run.stopped = error
    run.cancelTimer()
    run.cancelTimer = this.#options.clock.after(this.#options.graceMs, () => this.end(error.message))
    this.#options.worker.post({ kind: 'cancel', call: run.number })
  }

  #lost(why: string): ToolmeshError {
    return this.#ready
      ? new RuntimeLostError(this.#options.name, why)
      : new RuntimeBusyError(this.#options.name, `a worker did not start: ${why}`)
  }

  #take(): Run | undefined {
    const run = this.#run
    if (run === undefined) return undefined
    this.#run = undefined
    this.idleSince = this.#options.clock.monotonic()
    run.cancelTimer()
    run.call.signal.removeEventListener('abort', run.onAbort)
    return run
  }
}
