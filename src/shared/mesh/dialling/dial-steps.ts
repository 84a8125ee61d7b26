import type { Clock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import type { DialStep, StepReport } from './dial-report.ts'

/** An error's text in a report, at most so many characters. */
const MESSAGE_CHARS = 200

/** Errors beneath an error that are looked at. */
const MOST_CAUSES = 4

/** What libp2p tells while it dials that begins another step (its `upgrader` and its WebTransport). */
const STEP_OF_EVENT: Readonly<Record<string, DialStep>> = {
  'upgrader:encrypt-outbound-connection': 'secure',
  'webtransport:secure-outbound-connection': 'secure',
  'upgrader:multiplex-outbound-connection': 'multiplex',
}

/** The steps of one dial as they are gone through, each with its time. */
export class DialSteps {
  readonly #clock: Clock
  readonly #began: number
  readonly #done: StepReport[] = []
  #step: DialStep | undefined
  #since: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#began = clock.monotonic()
    this.#since = this.#began
  }

  /** Milliseconds since the first step. */
  get ms(): number {
    return round(this.#clock.monotonic() - this.#began)
  }

  /** Ends the step that is under way and begins the next. */
  begin(step: DialStep): void {
    this.end()
    this.#step = step
    this.#since = this.#clock.monotonic()
  }

  /** Takes a progress event of libp2p. */
  progress(event: { type: string }): void {
    const step = STEP_OF_EVENT[event.type]
    if (step !== undefined) this.begin(step)
  }

  /** The step under way has ended, well unless there is an error. */
  end(error?: unknown): void {
    if (this.#step === undefined) return
    const ms = round(this.#clock.monotonic() - this.#since)
    this.#done.push({
      step: this.#step,
      ms,
      ...(error === undefined ? {} : { error: stepErrorOf(error) }),
    })
    this.#step = undefined
  }

  /** One that ran beside the others. */
  add(report: StepReport): void {
    this.#done.push({ ...report, ms: round(report.ms) })
  }

  reports(): StepReport[] {
    return [...this.#done]
  }
}

function stepErrorOf(error: unknown): { code: string; message: string } {
  const code = error instanceof ToolmeshError ? error.code : 'unavailable'
  const message = error instanceof Error ? error.message : String(error)
  const why = causeTextOf(error)
  const whole = why === undefined || message.includes(why) ? message : `${message}: ${why}`
  return { code, message: whole.slice(0, MESSAGE_CHARS) }
}

/** What is beneath: a WebSocket's own error says only that there was one, and its event holds the error that says why. */
function causeTextOf(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth === MOST_CAUSES) return undefined
  const beneath: unknown = 'cause' in error ? error.cause : 'error' in error ? error.error : undefined
  const deeper = causeTextOf(beneath, depth + 1)
  if (deeper !== undefined || depth === 0) return deeper
  return 'message' in error && typeof error.message === 'string' && error.message !== ''
    ? error.message
    : undefined
}

/** To a hundredth of a millisecond. */
function round(ms: number): number {
  return Math.round(ms * 100) / 100
}
