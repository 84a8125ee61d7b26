import { describe, expect, it, vi } from 'vitest'
import type { Json, JsonObject } from '../../tools/tool.ts'
import type { WaitingStep, WorkflowOutcome } from '../../workflow/status.ts'
import type { WorkflowHead } from '../../workflow/workflow.ts'
import type { Elicit } from '../surface.ts'
import { resultAsking } from './result-asking.ts'

const approval: WaitingStep = {
  step: 'approve',
  signal: 'approved',
  message: 'Publish it?',
  schema: { type: 'object', properties: { ok: { type: 'boolean' } } },
}

/** A workflow that waits for what it is given, step by step, and ends when nothing is left. */
class WaitingWorkflow {
  readonly signals: [signal: string, by: string, payload: Json][] = []
  readonly #waits: WaitingStep[]
  readonly #listeners = new Set<(head: WorkflowHead) => void>()
  readonly #ended = Promise.withResolvers<void>()

  constructor(...waits: WaitingStep[]) {
    this.#waits = waits
  }

  get watchers(): number {
    return this.#listeners.size
  }

  async result(_id: string, { wait_ms = 0, signal }: { wait_ms?: number; signal?: AbortSignal }) {
    if (wait_ms > 0 && this.#waits.length > 0) {
      const aborted = new Promise<void>(resolve => {
        if (signal?.aborted) resolve()
        signal?.addEventListener('abort', () => resolve())
      })
      await Promise.race([this.#ended.promise, aborted])
    }
    const outcome: WorkflowOutcome = {
      workflow_id: 'w',
      state: this.#waits.length === 0 ? 'succeeded' : 'waiting',
      failed_steps: 0,
      ...(this.#waits.length === 0 ? {} : { waiting_for: [...this.#waits] }),
    }
    return outcome
  }

  async signal(_id: string, by: string, signal: string, payload: Json): Promise<void> {
    this.signals.push([signal, by, payload])
    this.goOn()
  }

  goOn(): void {
    this.#waits.shift()
    if (this.#waits.length === 0) this.#ended.resolve()
    for (const listener of [...this.#listeners]) listener({ workflow_id: 'w' } as WorkflowHead)
  }

  onChange(listener: (head: WorkflowHead) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

function asking(elicit: Elicit, signal = new AbortController().signal) {
  return { wait_ms: 30_000, signal, elicit, by: 'token:alice' }
}

describe('the result of a workflow that asks', () => {
  it('asks what a step waits for, signals the answer, and goes on to the end', async () => {
    const workflow = new WaitingWorkflow(approval, { step: 'name', signal: 'named', message: 'Which name?' })
    const answers: JsonObject[] = [{ ok: true }, { name: 'x' }]
    const elicit = vi.fn<Elicit>(async () => answers.shift())
    expect(await resultAsking(workflow, 'w', asking(elicit))).toMatchObject({ state: 'succeeded' })
    expect(workflow.signals).toEqual([
      ['approved', 'token:alice', { ok: true }],
      ['named', 'token:alice', { name: 'x' }],
    ])
    expect(elicit.mock.calls.map(([question]) => question)).toEqual([
      { message: 'Publish it?', schema: approval.schema },
      { message: 'Which name?' },
    ])
    expect(workflow.watchers).toBe(0)
  })

  it('asks once, and leaves the step waiting when the answer is no', async () => {
    const workflow = new WaitingWorkflow(approval)
    const abort = new AbortController()
    const elicit = vi.fn<Elicit>(async () => {
      // The caller's patience ends after it.
      queueMicrotask(() => abort.abort())
      return undefined
    })
    const outcome = await resultAsking(workflow, 'w', asking(elicit, abort.signal))
    expect(outcome).toMatchObject({ state: 'waiting', waiting_for: [approval] })
    expect(elicit).toHaveBeenCalledTimes(1)
    expect(workflow.signals).toEqual([])
    expect(workflow.watchers).toBe(0)
  })

  it('takes the question back when somebody else answers, and gives no signal of its own', async () => {
    const workflow = new WaitingWorkflow(approval)
    const elicit: Elicit = (_question, signal) => {
      const taken = new Promise<undefined>(resolve =>
        signal.addEventListener('abort', () => resolve(undefined)),
      )
      workflow.goOn()
      return taken
    }
    expect(await resultAsking(workflow, 'w', asking(elicit))).toMatchObject({ state: 'succeeded' })
    expect(workflow.signals).toEqual([])
  })

  it('gives no second answer where one came at the same moment', async () => {
    const workflow = new WaitingWorkflow(approval)
    const elicit: Elicit = async () => {
      workflow.goOn()
      return { ok: true }
    }
    await resultAsking(workflow, 'w', asking(elicit))
    expect(workflow.signals).toEqual([])
  })

  it('asks nothing for a wait without a question', async () => {
    const workflow = new WaitingWorkflow({ step: 'hook', signal: 'called' })
    const elicit = vi.fn<Elicit>(async () => ({}))
    const result = resultAsking(workflow, 'w', asking(elicit))
    workflow.goOn()
    expect(await result).toMatchObject({ state: 'succeeded' })
    expect(elicit).not.toHaveBeenCalled()
  })
})
