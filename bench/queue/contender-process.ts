import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { type Round, roundSchema, type Step } from './round.ts'

/** A contender in a process of its own (take-steps.ts), seen from the benchmark. */
export class ContenderProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>
  readonly #ended: Promise<unknown>

  private constructor(program: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
    this.#ended = once(this.#child, 'exit')
  }

  static async start(program: string, args: readonly string[]): Promise<ContenderProcess> {
    const started = new ContenderProcess(program, args)
    await started.#line()
    return started
  }

  async take(step: Step): Promise<void> {
    this.#child.stdin.write(`${step}\n`)
    await this.#line()
  }

  /** All steps were taken: what they measured. The process ends. */
  async finish(): Promise<Round> {
    this.#child.stdin.end()
    const round = roundSchema.parse(JSON.parse(await this.#line()))
    await this.#ended
    return round
  }

  /** Ends it where it is. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('its process ended')
    return value
  }
}
