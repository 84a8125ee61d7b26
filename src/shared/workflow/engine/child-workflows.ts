import { cidOf } from '../../artifacts/cid.ts'
import type { Clock } from '../../clock.ts'
import { type ErrorFacts, InvalidInputError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import type { Json } from '../../tools/tool.ts'
import { checkGiven } from '../definition/check-given.ts'
import type { Plan } from '../definition/plan.ts'
import type { WorkflowStore } from '../store/store.ts'
import type { WorkflowHead } from '../workflow.ts'
import { type ChildRooms, NoRoomError } from './child-rooms.ts'
import type { NewWorkflows } from './new-workflows.ts'
import type { Plans } from './plans.ts'
import { itemOf, keyOf, type Work, type WorkEnd } from './work.ts'

export interface ChildWorkflowsInit {
  store: Pick<WorkflowStore, 'head' | 'bodies' | 'request' | 'list'>
  plans: Plans
  created: NewWorkflows
  clock: Clock
  logger: Logger
  rooms: ChildRooms
  /** How deep workflows may lie in one another. */
  depth: number
}

/** Milliseconds until a child that could not be read is looked at again. */
const RETRY_MS = 1_000

/** Children that are looked for at once. */
const OPEN_PAGE = 500

/** Sub-workflows: each is a workflow of its own, made once for its step, whose end is the step's. */
export class ChildWorkflows {
  readonly #init: ChildWorkflowsInit
  readonly #watched = new Map<string, (end: WorkEnd) => void>()
  readonly #inline = new WeakMap<object, Plan>()

  constructor(init: ChildWorkflowsInit) {
    this.#init = init
  }

  /**
   * Makes the child, or finds the one that was made for it before; its id. Rejects with `not_found` (its stored
   * definition), `invalid_input` (its input, or too deep), `unavailable`, NoRoomError.
   */
  async start(work: Work, input: Json): Promise<string> {
    const { run, number } = work
    const { head } = run.workflow
    const { plan, version } = await this.#planOf(work)
    const depth = head.depth + 1
    if (depth > this.#init.depth)
      throw new InvalidInputError(
        '/workflow',
        `${depth} workflows in one another`,
        `at most ${this.#init.depth}`,
      )
    if (work.room === undefined) {
      const { rooms } = this.#init
      const room = rooms.roomFor(depth, plan.steps.length)
      if (!rooms.take(room)) throw new NoRoomError(room)
      work.room = room
    }
    checkGiven(input, plan.definition.input_schema, '/input')
    const key = keyOf(work)
    const { head: child } = await this.#init.created.create({
      plan,
      principal: head.principal,
      input,
      ...(version === undefined ? {} : { version }),
      labels: head.labels,
      idempotency_key: key,
      request_cid: cidOf(key),
      family: {
        parent: {
          workflow_id: head.workflow_id,
          step: run.step.id,
          ...itemOf({ ...work, number }),
          generation: run.generation,
        },
        root_id: head.root_id,
        depth,
        owner: head.owner,
      },
    })
    return child.workflow_id
  }

  /** Tells of its end, also where it has ended already. */
  watch(childId: string, onEnd: (end: WorkEnd) => void): void {
    this.#watched.set(childId, onEnd)
    this.look(childId)
  }

  forget(childId: string): void {
    this.#watched.delete(childId)
  }

  /** Something happened to a workflow that may be one of them. */
  look(workflowId: string): void {
    if (!this.#watched.has(workflowId)) return
    this.#look(workflowId).catch(error => {
      this.#init.logger('warning', 'a sub-workflow could not be read; trying until it is', {
        workflow_id: workflowId,
        error: String(error),
      })
      this.#init.clock.after(RETRY_MS, () => this.look(workflowId))
    })
  }

  /** Children of a workflow that have not ended: ids by their keys. */
  async open(parent: string): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    for (let cursor: string | undefined; ; ) {
      const page = await this.#init.store.list({
        parent,
        states: ['running', 'waiting'],
        order: 'oldest',
        limit: OPEN_PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      })
      for (const { workflow_id, idempotency_key: key } of page.workflows)
        if (key !== undefined) found.set(key, workflow_id)
      cursor = page.next_cursor
      if (cursor === undefined) return found
    }
  }

  async cancel(childId: string, by: string, reason: string): Promise<void> {
    await this.#init.store.request(childId, { kind: 'cancel', by, reason })
  }

  async #look(workflowId: string): Promise<void> {
    const head = await this.#init.store.head(workflowId)
    if (head !== undefined && (head.ended_at === undefined || head.moved_to !== undefined)) return
    const end = head === undefined ? gone(workflowId) : await this.#endOf(head)
    const onEnd = this.#watched.get(workflowId)
    this.#watched.delete(workflowId)
    onEnd?.(end)
  }

  async #planOf({ run }: Work): Promise<{ plan: Plan; version?: string }> {
    const { work } = run.step
    if (work.kind !== 'workflow') throw new Error(`${run.step.id} is no workflow`)
    const { ref } = work
    if (!('steps' in ref)) return this.#init.plans.named(ref.name, ref.version)
    const known = this.#inline.get(ref)
    if (known !== undefined) return { plan: known }
    const plan = this.#init.plans.compile(ref)
    this.#inline.set(ref, plan)
    return { plan }
  }

  async #endOf({ workflow_id, state, error }: WorkflowHead): Promise<WorkEnd> {
    if (state === 'succeeded') {
      const [output] = await this.#init.store.bodies(workflow_id, [{ of: 'result' }])
      return { state, workflow_id, output }
    }
    const facts = error ?? { code: 'internal', message: `the workflow ended ${state}`, retryable: false }
    return { state: state === 'cancelled' ? 'cancelled' : 'failed', workflow_id, error: facts }
  }
}

function gone(workflowId: string): WorkEnd {
  const error: ErrorFacts = {
    code: 'outcome_unknown',
    message: `workflow ${workflowId} is not kept any more, so how it ended is not known`,
    retryable: false,
  }
  return { state: 'failed', workflow_id: workflowId, error }
}
