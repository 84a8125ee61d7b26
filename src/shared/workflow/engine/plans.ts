import { LRUCache } from 'lru-cache'
import { cidOf } from '../../artifacts/cid.ts'
import type { Bodies } from '../../queue/bodies/bodies.ts'
import type { Catalogue } from '../../tools/catalogue.ts'
import { isJson } from '../../tools/json.ts'
import { compile, recompile, type ToolBook } from '../definition/compile.ts'
import { parseDefinition } from '../definition/parse.ts'
import type { Plan } from '../definition/plan.ts'
import { DefinitionNotFoundError, WorkflowNotFoundError } from '../errors.ts'
import type { WorkflowStore } from '../store/store.ts'
import type { WorkflowHead } from '../workflow.ts'

export interface PlansInit {
  store: Pick<WorkflowStore, 'bodies' | 'definition'>
  bodies: Pick<Bodies, 'read'>
  tools: Pick<Catalogue, 'get' | 'list'>
  /** Steps of plans that are kept, over all of them. */
  planSteps: number
}

/** Compiled definitions: those that were used last are kept, as many workflows are runs of few definitions. */
export class Plans {
  readonly #init: PlansInit
  /** Of definitions that are right as tools are now. */
  readonly #right: LRUCache<string, Plan>
  /** Of definitions that were right once. */
  readonly #accepted: LRUCache<string, Plan>
  readonly #book: ToolBook

  constructor(init: PlansInit) {
    const { planSteps, tools } = init
    this.#init = init
    const limits = { maxSize: planSteps / 2, sizeCalculation: (plan: Plan) => plan.steps.length }
    this.#right = new LRUCache(limits)
    this.#accepted = new LRUCache(limits)
    this.#book = {
      tool: name => tools.get(name),
      names: () => tools.list().map(({ name }) => name),
    }
  }

  /** Throws `invalid_input` that lists every fault; `at` stands before the fields that it names. */
  compile(definition: unknown, at = ''): Plan {
    const cid = cidOfAny(definition)
    const kept = cid === undefined ? undefined : this.#right.get(cid)
    if (kept !== undefined) return kept
    const plan = compile(parseDefinition(definition, at), this.#book, at, cid)
    this.#right.set(plan.cid, plan)
    return plan
  }

  /** Of a workflow that is in the store: it goes on, and is shown, whatever became of its tools since. */
  async of({ workflow_id, definition_cid }: WorkflowHead): Promise<Plan> {
    const kept = this.#right.get(definition_cid) ?? this.#accepted.get(definition_cid)
    if (kept !== undefined) return kept
    const [body] = await this.#init.store.bodies(workflow_id, [{ of: 'definition' }])
    if (body === undefined) throw new WorkflowNotFoundError(workflow_id)
    const definition = parseDefinition(JSON.parse(await this.#init.bodies.read(body)))
    const plan = recompile(definition, this.#book, definition_cid)
    this.#accepted.set(plan.cid, plan)
    return plan
  }

  /** Of a stored definition, the latest version unless one is named. Rejects with `not_found`. */
  async named(name: string, version?: string): Promise<{ plan: Plan; version: string }> {
    const found = await this.#init.store.definition(name, version)
    if (found === undefined) throw new DefinitionNotFoundError(name, version)
    const plan = this.#right.get(found.definition_cid) ?? this.compile(found.definition)
    return { plan, version: found.version }
  }
}

/** Undefined for what is no JSON, or nested too deeply: what is wrong with it is the parser's to say. */
function cidOfAny(definition: unknown): string | undefined {
  try {
    return isJson(definition) ? cidOf(definition) : undefined
  } catch {
    return undefined
  }
}
