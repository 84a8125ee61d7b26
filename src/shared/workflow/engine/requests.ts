import type { Clock } from '../../clock.ts'
import { factsOf, ToolmeshError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import type { Bodies } from '../../queue/bodies/bodies.ts'
import type { EngineHooks } from '../ownership/engine-port.ts'
import type { PendingRequest, WorkflowStore } from '../store/store.ts'
import type { Journal } from './journal.ts'
import type { OpenWorkflow } from './open-workflow.ts'
import { rescheduled } from './reschedule.ts'
import { checkSignal, ensureSignalRoom } from './signals.ts'

/** Milliseconds until requests that could not be read are read again. */
const RETRY_MS = 1_000

export interface RequestsInit {
  store: Pick<WorkflowStore, 'requests'>
  bodies: Pick<Bodies, 'read'>
  journal: Journal
  hooks: Pick<EngineHooks, 'handOver'>
  clock: Clock
  logger: Logger
  /** Signals of one name that wait for their step, at most. */
  signalsWaiting: number
  onSignal: (workflow: OpenWorkflow, signal: string) => void
  onCancel: (workflow: OpenWorkflow, reason: string, request: number) => void
  /** Steps are pending again; `steps` begins it. */
  onRescheduled: (workflow: OpenWorkflow) => void
}

/** Carries out what is asked of workflows, in the order in which it was asked, as soon as it is known of. */
export class Requests {
  readonly #init: RequestsInit

  constructor(init: RequestsInit) {
    this.#init = init
  }

  /** There may be something new. */
  attend(workflow: OpenWorkflow): void {
    workflow.readAgain = true
    if (workflow.reading) return
    workflow.reading = true
    workflow.readEnd = this.#read(workflow).catch(error => {
      if (workflow.closed) return
      this.#init.logger('warning', 'requests of a workflow could not be read; trying until they are', {
        workflow_id: workflow.id,
        error: String(error),
      })
      this.#init.clock.after(RETRY_MS, () => {
        if (!workflow.closed) this.attend(workflow)
      })
    })
  }

  /** Resolves when what was asked until now is carried out, or refused. */
  async settled(workflow: OpenWorkflow): Promise<void> {
    await workflow.readEnd
  }

  async #read(workflow: OpenWorkflow): Promise<void> {
    try {
      while (workflow.readAgain && !workflow.closed) {
        workflow.readAgain = false
        for (const request of await this.#init.store.requests(workflow.id)) {
          if (workflow.closed || workflow.progress.handover !== undefined) return
          if (request.id <= workflow.lastRequest) continue
          await this.#carryOut(workflow, request)
          workflow.lastRequest = Math.max(workflow.lastRequest, request.id)
        }
      }
    } finally {
      workflow.reading = false
    }
  }

  async #carryOut(workflow: OpenWorkflow, pending: PendingRequest): Promise<void> {
    const { journal } = this.#init
    try {
      await this.#do(workflow, pending)
    } catch (error) {
      const facts = factsOf(error)
      if (facts.code === 'unavailable') throw error
      if (workflow.closed) return
      const { kind } = pending.request
      journal.record(
        workflow,
        { kind: 'request_refused', request: kind, error: facts },
        { request: pending.id },
      )
    }
  }

  async #do(workflow: OpenWorkflow, pending: PendingRequest): Promise<void> {
    const { request, body, id } = pending
    const { journal, hooks } = this.#init
    switch (request.kind) {
      case 'signal': {
        const payload = body === undefined ? null : JSON.parse(await this.#init.bodies.read(body))
        if (workflow.closed) return
        this.#ensureOpen(workflow, 'takes no signal')
        checkSignal(workflow.plan, request.signal, payload)
        ensureSignalRoom(workflow.progress, request.signal, this.#init.signalsWaiting)
        const n = workflow.progress.signalsCame(request.signal)
        const key = { of: 'signal', signal: request.signal, n } as const
        const event = { kind: 'signalled', signal: request.signal, by: request.by } as const
        journal.record(workflow, event, { bodies: [{ key, body: body ?? 'null' }], request: id })
        journal.bar(workflow)
        this.#init.onSignal(workflow, request.signal)
        return
      }
      case 'cancel':
        this.#ensureOpen(workflow, 'cannot be cancelled')
        if (workflow.progress.cancel === undefined)
          journal.record(workflow, { kind: 'cancel_requested', by: request.by, reason: request.reason })
        this.#init.onCancel(workflow, request.reason, id)
        return
      case 'reschedule': {
        if (workflow.stop !== undefined)
          throw new ToolmeshError('conflict', `workflow ${workflow.id} is being ended`, { retryable: true })
        const { progress, plan } = workflow
        const chosen = rescheduled(
          {
            plan,
            generation: progress.generation,
            // What has begun and has no task yet is pending in the events.
            stateOf: index => {
              const state = progress.stateOf(index)
              return state === 'pending' && workflow.runs.has(index) ? 'running' : state
            },
            withFollowers: indexes => progress.withFollowers(indexes),
          },
          request.steps,
        )
        const generation = progress.generation + 1
        const steps = chosen.flatMap(index => plan.steps[index]?.id ?? [])
        const event = { kind: 'rescheduled', by: request.by, generation, steps } as const
        if (body === undefined) journal.record(workflow, event, { request: id })
        else {
          const bodies = [{ key: { of: 'input', generation } as const, body }]
          journal.record(workflow, { ...event, input: true }, { bodies, request: id })
        }
        journal.bar(workflow)
        this.#init.onRescheduled(workflow)
        return
      }
      case 'hand_over':
        this.#ensureOpen(workflow, 'cannot be handed over')
        hooks.handOver(workflow.head, pending)
        return
      default:
        throw new Error(`nothing carries out ${JSON.stringify(request satisfies never)}`)
    }
  }

  #ensureOpen({ id, progress }: OpenWorkflow, what: string): void {
    if (progress.ended === undefined) return
    throw new ToolmeshError('conflict', `workflow ${id} has ended ${progress.ended.state}: it ${what}`)
  }
}
