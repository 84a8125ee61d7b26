import { cidOf } from '../artifacts/cid.ts'
import { InvalidInputError, ToolmeshError } from '../errors.ts'
import { QueueFullError } from '../queue/errors.ts'
import type { Json, JsonObject } from '../tools/tool.ts'
import { checkGiven } from './definition/check-given.ts'
import { dryRun } from './definition/dry-run.ts'
import type { Plan } from './definition/plan.ts'
import type { Engine } from './engine/engine.ts'
import type { WorkflowLimits } from './engine/limits.ts'
import type { Plans } from './engine/plans.ts'
import { DefinitionNotFoundError } from './errors.ts'
import type { DryRun, WorkflowReceipt, WorkflowSubmission } from './status.ts'
import type { StoredDefinition, WorkflowStore } from './store/store.ts'

/** Beginnings of keys that no client can give. */
const RESERVED_KEYS = ['workflow:', 'schedule:']
/** Milliseconds after which a submit that met too many open workflows may be tried again. */
const RETRY_FULL_MS = 1_000
const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/
const VERSION = /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$/
/** Times that the next free version is looked for, where others define at the same time. */
const VERSION_TRIES = 5

export interface SubmissionsInit {
  engine: Engine
  plans: Plans
  store: Pick<WorkflowStore, 'putDefinition' | 'definition' | 'definitions'>
  limits: WorkflowLimits
  now: () => number
}

/** Takes new workflows and definitions, checked as a whole. */
export class Submissions {
  readonly #init: SubmissionsInit

  constructor(init: SubmissionsInit) {
    this.#init = init
  }

  /**
   * Resolves when it is durable. Rejects with `invalid_input` (every fault of the definition, or the input),
   * `not_found` (the stored definition), `conflict` (the idempotency key), `queue_full`, `unavailable`.
   */
  async submit(principal: string, submission: WorkflowSubmission): Promise<WorkflowReceipt> {
    const { idempotency_key: key } = submission
    const reserved = RESERVED_KEYS.find(each => key?.startsWith(each))
    if (reserved !== undefined)
      throw new InvalidInputError('/idempotency_key', key, `a key that does not begin with ${reserved}`)
    return this.#submit(principal, submission, key)
  }

  /** As `submit`, under a key that no client can use; a repeat of it is the same workflow whatever is asked for. */
  submitOnce(principal: string, submission: WorkflowSubmission, key: string): Promise<WorkflowReceipt> {
    return this.#submit(principal, submission, key, cidOf(key))
  }

  /** What a submit would run. Rejects as it does for what is asked. */
  async check(submission: WorkflowSubmission): Promise<DryRun> {
    const { plan } = await this.#planOf(submission)
    checkGiven(submission.input ?? {}, plan.definition.input_schema, '/input')
    return dryRun(plan)
  }

  /**
   * Keeps a definition under its name (or another) and a version: the next number unless one is named; the same
   * definition again is the same version. Rejects with `invalid_input`, `conflict` (the version is another one).
   */
  async define(
    principal: string,
    given: { name?: string; version?: string; definition: unknown },
  ): Promise<Omit<StoredDefinition, 'definition'>> {
    const plan = this.#init.plans.compile(named(given.definition, given.name), '/definition')
    const { name } = plan.definition
    if (given.version !== undefined) {
      if (!VERSION.test(given.version))
        throw new InvalidInputError(
          '/version',
          given.version,
          'letters, digits, `_`, `.`, `+` and `-`, at most 64',
        )
      const kept = await this.#put(principal, plan, given.version)
      if (kept !== undefined) return kept
      throw new ToolmeshError('conflict', `version ${given.version} of ${name} is another definition`, {
        field: '/version',
        value: given.version,
        allowed: 'a version that is not there yet',
      })
    }
    for (let tries = 0; tries < VERSION_TRIES; tries++) {
      const latest = await this.#init.store.definition(name)
      if (latest?.definition_cid === plan.cid) {
        const { definition: _, ...rest } = latest
        return rest
      }
      const kept = await this.#put(principal, plan, await this.#nextVersion(name, latest?.version))
      if (kept !== undefined) return kept
    }
    throw new ToolmeshError('conflict', `${name} is being defined by others too`, { retryable: true })
  }

  async definition(name: string, version?: string): Promise<StoredDefinition> {
    const found = await this.#init.store.definition(name, version)
    if (found === undefined) throw new DefinitionNotFoundError(name, version)
    return found
  }

  async #submit(
    principal: string,
    submission: WorkflowSubmission,
    key?: string,
    requestCid?: string,
  ): Promise<WorkflowReceipt> {
    const { engine, limits } = this.#init
    const { input = {}, labels, metadata } = submission
    const { plan, version } = await this.#planOf(submission)
    checkGiven(input, plan.definition.input_schema, '/input')
    const { workflows, steps } = engine.load
    if (workflows >= limits.openWorkflows)
      throw new QueueFullError(`${limits.openWorkflows} workflows are open already`, RETRY_FULL_MS)
    if (steps > 0 && steps + plan.steps.length > limits.openSteps)
      throw new QueueFullError(`the workflows that are open have ${steps} steps already`, RETRY_FULL_MS)
    const { head, created } = await engine.created.create({
      plan,
      principal,
      input,
      ...(version === undefined ? {} : { version }),
      ...(labels === undefined ? {} : { labels }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(key === undefined
        ? {}
        : { idempotency_key: key, request_cid: requestCid ?? cidOf({ definition: plan.cid, input }) }),
    })
    return { workflow_id: head.workflow_id, state: head.state, deduplicated: !created }
  }

  async #planOf({ workflow }: WorkflowSubmission): Promise<{ plan: Plan; version?: string }> {
    const { plans } = this.#init
    if (!isReference(workflow)) return { plan: plans.compile(workflow, '/workflow') }
    const { name, version, ...others } = workflow
    const [unknown] = Object.keys(others)
    if (unknown !== undefined)
      throw new InvalidInputError(`/workflow/${unknown}`, others[unknown], 'steps; or name and version alone')
    if (typeof name !== 'string' || !NAME.test(name))
      throw new InvalidInputError(
        '/workflow/name',
        name,
        'the name of a stored definition; or steps beside it',
      )
    if (version !== undefined && typeof version !== 'string')
      throw new InvalidInputError('/workflow/version', version, 'a version of it')
    return plans.named(name, version)
  }

  async #put(
    principal: string,
    { definition, cid }: Plan,
    version: string,
  ): Promise<Omit<StoredDefinition, 'definition'> | undefined> {
    const about = {
      name: definition.name,
      version,
      definition_cid: cid,
      principal,
      created_at: this.#init.now(),
    }
    // A definition is plain JSON; as it is typed it has no index signature.
    const plain: JsonObject = JSON.parse(JSON.stringify(definition))
    return (await this.#init.store.putDefinition({ ...about, definition: plain })) ? about : undefined
  }

  /** One more than the latest, where that is a number; else the first number that is free. */
  async #nextVersion(name: string, latest: string | undefined): Promise<string> {
    if (latest === undefined) return '1'
    if (/^[0-9]{1,15}$/.test(latest)) return String(Number(latest) + 1)
    let n = 1
    while ((await this.#init.store.definition(name, String(n))) !== undefined) n += 1
    return String(n)
  }
}

function isReference(workflow: unknown): workflow is { name?: Json; version?: Json } & JsonObject {
  return typeof workflow === 'object' && workflow !== null && !Object.hasOwn(workflow, 'steps')
}

function named(definition: unknown, name: string | undefined): unknown {
  if (name === undefined || typeof definition !== 'object' || definition === null) return definition
  return { ...definition, name }
}
