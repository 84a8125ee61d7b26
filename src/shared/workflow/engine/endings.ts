import type { Clock } from '../../clock.ts'
import { type ErrorFacts, factsOf, InvalidInputError } from '../../errors.ts'
import type { Bodies } from '../../queue/bodies/bodies.ts'
import type { Json } from '../../tools/tool.ts'
import type { Body } from '../workflow.ts'
import type { Journal } from './journal.ts'
import type { OpenWorkflow } from './open-workflow.ts'
import type { StepRunner } from './step-runner.ts'
import type { Values } from './values.ts'

/** Milliseconds until an output that could not be read is tried again. */
const RETRY_MS = 1_000

export interface EndingsInit {
  journal: Journal
  values: Values
  bodies: Pick<Bodies, 'keep'>
  steps: StepRunner
  clock: Clock
  /** It has ended; the event that says so is not durable yet. */
  onEnded: (workflow: OpenWorkflow) => void
}

/** The ends of workflows: by themselves, by a cancel, by their time limit. */
export class Endings {
  readonly #init: EndingsInit

  constructor(init: EndingsInit) {
    this.#init = init
  }

  /** Ends all that runs, then the workflow: what has not ended is cancelled with the reason. */
  stop(workflow: OpenWorkflow, stop: NonNullable<OpenWorkflow['stop']>): void {
    if (workflow.progress.ended !== undefined) return
    // The first reason counts; a later cancel is done with it.
    if (workflow.stop === undefined) workflow.stop = stop
    else if (stop.kind === 'cancel') workflow.stopRequests.push(stop.request)
    for (const run of [...workflow.runs.values()]) this.#init.steps.cancelWorks(run, stop.reason)
    this.#init.steps.cancelEarlier(workflow, stop.reason)
    this.done(workflow)
  }

  /** Nothing of it runs, and nothing is left to begin. */
  done(workflow: OpenWorkflow): void {
    if (workflow.progress.ended !== undefined || workflow.finishing || workflow.works > 0) return
    if (workflow.stop !== undefined) {
      this.#stopped(workflow, workflow.stop)
      return
    }
    const { failure } = workflow.progress
    if (failure !== undefined) {
      this.#end(workflow, { kind: 'ended', state: 'failed', error: failure })
      return
    }
    void this.#succeed(workflow)
  }

  #stopped(workflow: OpenWorkflow, stop: NonNullable<OpenWorkflow['stop']>): void {
    const { journal, steps } = this.#init
    for (const run of [...workflow.runs.values()]) {
      steps.abandon(run)
      const { step, generation } = run
      const cancelled = { kind: 'step_ended', step: step.id, generation, state: 'cancelled' } as const
      journal.record(workflow, { ...cancelled, reason: stop.reason })
    }
    const requests = stop.kind === 'cancel' ? [stop.request, ...workflow.stopRequests] : workflow.stopRequests
    const error: ErrorFacts = {
      code: stop.kind === 'cancel' ? 'cancelled' : 'timed_out',
      message: stop.reason,
      retryable: false,
    }
    workflow.stop = undefined
    workflow.stopRequests = []
    workflow.unwritten.requestsDone.push(...requests)
    this.#end(workflow, { kind: 'ended', state: stop.kind === 'cancel' ? 'cancelled' : 'failed', error })
  }

  async #succeed(workflow: OpenWorkflow): Promise<void> {
    workflow.finishing = true
    const { generation } = workflow.progress
    try {
      const body = await this.#outputOf(workflow)
      if (!this.#isStillDone(workflow, generation)) return
      workflow.finishing = false
      this.#end(workflow, { kind: 'ended', state: 'succeeded' }, body)
    } catch (error) {
      if (!this.#isStillDone(workflow, generation)) return
      const facts = factsOf(error)
      workflow.finishing = false
      if (facts.code === 'unavailable') {
        this.#init.clock.after(RETRY_MS, () => this.done(workflow))
        return
      }
      const message = `the output of the workflow could not be made: ${facts.message}`
      this.#end(workflow, { kind: 'ended', state: 'failed', error: { ...facts, message } })
    }
  }

  /** False when it was rescheduled, stopped or lost meanwhile; whoever did that sees to its end. */
  #isStillDone(workflow: OpenWorkflow, generation: number): boolean {
    const { progress } = workflow
    if (workflow.closed || progress.ended !== undefined) return false
    if (progress.generation === generation && workflow.stop === undefined) return true
    workflow.finishing = false
    this.#init.steps.decide(workflow)
    return false
  }

  /** Undefined where the outputs of its last steps are too much for one body: each can be read by itself. */
  async #outputOf(workflow: OpenWorkflow): Promise<Body | undefined> {
    const { values, bodies } = this.#init
    const { output, ends, steps } = workflow.plan
    if (output !== undefined)
      return bodies.keep(JSON.stringify(await values.resolve(workflow, output)), '/output')
    try {
      const last = await values.outputs(workflow, ends)
      const whole: Record<string, Json> = {}
      for (const [at, index] of ends.entries()) {
        const id = steps[index]?.id
        if (id !== undefined) whole[id] = last[at] ?? null
      }
      return await bodies.keep(JSON.stringify(whole), '/output')
    } catch (error) {
      if (error instanceof InvalidInputError) return undefined
      throw error
    }
  }

  #end(
    workflow: OpenWorkflow,
    event: { kind: 'ended'; state: 'succeeded' | 'failed' | 'cancelled'; error?: ErrorFacts },
    body?: Body,
  ): void {
    const enclosed =
      body === undefined ? {} : { bodies: [{ key: { of: 'result' } as const, body }], pinned: [body] }
    this.#init.journal.record(workflow, event, enclosed)
    this.#init.onEnded(workflow)
  }
}
