import type { WaitingStep, WorkflowOutcome } from '../../workflow/status.ts'
import type { Elicit } from '../surface.ts'
import type { WorkflowsPort } from './workflows-port.ts'

type Port = Pick<WorkflowsPort, 'result' | 'signal' | 'onChange'>

interface Asking {
  /** Milliseconds to wait for the end, anew after each answer; an open question does not count. */
  wait_ms: number
  signal: AbortSignal
  elicit: Elicit
  /** Principal in whose name the answer is the signal. */
  by: string
}

/** A step that waits for a signal and has something to ask. */
type Question = WaitingStep & { signal: string; message: string }

/**
 * The outcome of a workflow. While it is waited for, the caller's user is asked what waiting steps ask, one after another
 * and each once; what is accepted is the signal's payload, and what is declined leaves the step waiting. A question that
 * somebody else answers meanwhile is taken back.
 */
export async function resultAsking(workflows: Port, id: string, asking: Asking): Promise<WorkflowOutcome> {
  const asked = new Set<string>()
  for (;;) {
    const outcome = await endOrQuestion(workflows, id, asking, asked)
    const question = questionIn(outcome, asked)
    if (question === undefined || asking.signal.aborted) return outcome
    asked.add(question.step)
    const content = await answerTo(workflows, id, question, asking)
    if (content === undefined || !asks(await workflows.result(id, {}), question)) continue
    await workflows.signal(id, asking.by, question.signal, content)
  }
}

/** The outcome when it ends or asks something new, or after the time. */
async function endOrQuestion(
  workflows: Port,
  id: string,
  { wait_ms, signal }: Asking,
  asked: ReadonlySet<string>,
): Promise<WorkflowOutcome> {
  const stop = new AbortController()
  const asksNow = watch(workflows, id, outcome => questionIn(outcome, asked) !== undefined)
  try {
    const ended = workflows.result(id, { wait_ms, signal: AbortSignal.any([signal, stop.signal]) })
    return await Promise.race([ended, asksNow.found])
  } finally {
    asksNow.stop()
    stop.abort()
  }
}

/** What the user gives, undefined for a refusal. The question ends with the call, or when the step no longer asks. */
async function answerTo(workflows: Port, id: string, question: Question, { signal, elicit }: Asking) {
  const taken = new AbortController()
  const asksNoMore = watch(workflows, id, outcome => !asks(outcome, question))
  asksNoMore.found.then(() => taken.abort()).catch(() => {})
  try {
    const { message, schema } = question
    const request = { message, ...(schema === undefined ? {} : { schema }) }
    return await elicit(request, AbortSignal.any([signal, taken.signal]))
  } finally {
    asksNoMore.stop()
  }
}

/**
 * `found` resolves with the first outcome that passes the test: as it is, or after a change. One look at a time, however
 * fast it changes.
 */
function watch(
  workflows: Port,
  id: string,
  test: (outcome: WorkflowOutcome) => boolean,
): { found: Promise<WorkflowOutcome>; stop: () => void } {
  const { promise, resolve, reject } = Promise.withResolvers<WorkflowOutcome>()
  let looking = false
  let changed = false
  let stopped = false
  async function look(): Promise<void> {
    changed = true
    if (looking) return
    looking = true
    while (changed && !stopped) {
      changed = false
      const outcome = await workflows.result(id, {})
      if (test(outcome)) resolve(outcome)
    }
    looking = false
  }
  const onChange = (): void => void look().catch(reject)
  const unhook = workflows.onChange(head => {
    if (head.workflow_id === id) onChange()
  })
  onChange()
  return {
    found: promise,
    stop() {
      stopped = true
      unhook()
    },
  }
}

function questionIn({ waiting_for = [] }: WorkflowOutcome, asked: ReadonlySet<string>): Question | undefined {
  return waiting_for.filter(isQuestion).find(({ step }) => !asked.has(step))
}

function isQuestion(step: WaitingStep): step is Question {
  return step.signal !== undefined && step.message !== undefined
}

function asks({ waiting_for = [] }: WorkflowOutcome, { step, signal }: Question): boolean {
  return waiting_for.some(waiting => waiting.step === step && waiting.signal === signal)
}
