import type { Clock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import type { Bodies } from '../../queue/bodies/bodies.ts'
import { GroupCommit } from '../../queue/store/group-commit.ts'
import type { Json, JsonObject } from '../../tools/tool.ts'
import type { Plan } from '../definition/plan.ts'
import { Slots } from '../slots.ts'
import type { CreateReply, KeptBody, NewWorkflow, WorkflowStore } from '../store/store.ts'
import type { Body, BodyKey, ParentStep, WorkflowEvent, WorkflowHead } from '../workflow.ts'

/** Workflows in one transaction. */
const CREATE_BATCH = 256
/** Characters of a text of which only a few are written at once: each is copied on its way. */
const LARGE_CHARS = 1024 * 1024
const LARGE_AT_ONCE = 4

export interface NewWorkflowsInit {
  store: Pick<WorkflowStore, 'create'>
  bodies: Pick<Bodies, 'keep' | 'release'>
  nextId: () => string
  clock: Clock
  /** The engine that is to drive it; undefined: nobody yet. */
  ownerFor: (rootId: string) => string | undefined
  /** It is durable. */
  onCreated: (head: WorkflowHead, plan: Plan, events: readonly WorkflowEvent[]) => void
}

/** What is asked to be made. */
export interface Creation {
  plan: Plan
  principal: string
  input: Json
  /** Of the stored definition. */
  version?: string
  labels?: Record<string, string>
  metadata?: JsonObject
  idempotency_key?: string
  request_cid?: string
  /** Of a child: where it belongs. */
  family?: { parent: ParentStep; root_id: string; depth: number; owner: string | undefined }
}

/** Makes workflows durable, those of a tick as one transaction. */
export class NewWorkflows {
  readonly #init: NewWorkflowsInit
  readonly #commits: GroupCommit<NewWorkflow, CreateReply>
  /** Ids that the store may know before its answer is here. */
  readonly #creating = new Set<string>()
  readonly #texts = new WeakMap<Plan, string>()
  readonly #large = new Slots(LARGE_AT_ONCE)

  constructor(init: NewWorkflowsInit) {
    this.#init = init
    this.#commits = new GroupCommit(batch => init.store.create(batch), CREATE_BATCH)
  }

  /** Whether this one is being made here. */
  has(workflowId: string): boolean {
    return this.#creating.has(workflowId)
  }

  /**
   * Resolves when it is durable; `created` false: there was one with its idempotency key. Rejects with `conflict` (the
   * key is another request's), `invalid_input` (the definition or input is too large), `unavailable`.
   */
  async create(creation: Creation): Promise<{ head: WorkflowHead; created: boolean }> {
    const { nextId, onCreated } = this.#init
    const id = nextId()
    const made = this.#make(id, creation)
    const kept: KeptBody[] = []
    this.#creating.add(id)
    let isReferred = true
    try {
      await this.#keep(kept, { of: 'definition' }, this.#textOf(creation.plan), '/workflow')
      await this.#keep(kept, { of: 'input', generation: 1 }, JSON.stringify(creation.input), '/input')
      const reply = await this.#commits.add({ ...made, bodies: kept })
      isReferred = reply.created
      if (reply.created) {
        onCreated(made.head, creation.plan, made.events)
        return { head: made.head, created: true }
      }
      if (reply.refusal === 'duplicate') return { head: reply.head, created: false }
      throw new ToolmeshError(
        'conflict',
        `idempotency_key ${JSON.stringify(creation.idempotency_key)} belongs to workflow ${reply.head.workflow_id}, which was asked for otherwise`,
        { field: '/idempotency_key', value: creation.idempotency_key },
      )
    } finally {
      this.#creating.delete(id)
      for (const { body } of kept) this.#init.bodies.release(body, isReferred)
    }
  }

  /** Resolves when nothing is on its way to the store. */
  settled(): Promise<void> {
    return this.#commits.settled()
  }

  async #keep(kept: KeptBody[], key: BodyKey, text: string, field: string): Promise<void> {
    const { bodies } = this.#init
    const body: Body | Promise<Body> =
      text.length < LARGE_CHARS
        ? bodies.keep(text, field)
        : this.#large.run(async () => bodies.keep(text, field))
    kept.push({ key, body: body instanceof Promise ? await body : body })
  }

  /** The children of one step have one text. */
  #textOf(plan: Plan): string {
    const text = this.#texts.get(plan) ?? JSON.stringify(plan.definition)
    this.#texts.set(plan, text)
    return text
  }

  #make(workflow_id: string, creation: Creation): Pick<NewWorkflow, 'head' | 'events'> {
    const {
      plan,
      principal,
      version,
      labels = {},
      metadata = {},
      family,
      idempotency_key,
      request_cid,
    } = creation
    const at = this.#init.clock.now()
    const root_id = family?.root_id ?? workflow_id
    const owner = family === undefined ? this.#init.ownerFor(root_id) : family.owner
    const events: WorkflowEvent[] = [{ seq: 1, at, kind: 'submitted', by: principal }]
    if (owner !== undefined) events.push({ seq: 2, at, kind: 'claimed', engine: owner, fence: 1 })
    const head: WorkflowHead = {
      workflow_id,
      name: plan.definition.name,
      definition_cid: plan.cid,
      principal,
      state: 'running',
      fence: 1,
      seq: events.length,
      generation: 1,
      created_at: at,
      changed_at: at,
      steps: {
        pending: plan.steps.length,
        waiting: 0,
        running: 0,
        succeeded: 0,
        failed: 0,
        skipped: 0,
        cancelled: 0,
      },
      failed_steps: 0,
      root_id,
      depth: family?.depth ?? 0,
      labels,
      metadata,
    }
    if (owner !== undefined) head.owner = owner
    if (version !== undefined) head.version = version
    if (family !== undefined) head.parent = family.parent
    if (idempotency_key !== undefined) head.idempotency_key = idempotency_key
    if (request_cid !== undefined) head.request_cid = request_cid
    return { head, events }
  }
}
