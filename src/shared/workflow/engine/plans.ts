import { LRUCache } from 'lru-cache'
import { cidOf } from '../../artifacts/cid.ts'
import type { Bodies } from '../../queue/bodies/bodies.ts'
import type { Catalogue } from '../../tools/catalogue.ts'
import { isJson } from '../../tools/json.ts'
import { compile } from '../definition/compile.ts'
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
  readonly #kept: LRUCache<string, Plan>

  constructor(init: PlansInit) {
    this.#init = init
    this.#kept = new LRUCache({ maxSize: init.planSteps, sizeCalculation: plan => plan.steps.length })
  }

  /** Throws `invalid_input` that lists every fault; `at` stands before the fields that it names. */
  compile(definition: unknown, at = ''): Plan {
    const cid = cidOfAny(definition)
    const kept = cid === undefined ? undefined : this.#kept.get(cid)
    if (kept !== undefined) return kept
    const { tools } = this.#init
    const book = {
      tool: (name: string) => tools.get(name),
      names: () => tools.list().map(({ name }) => name),
    }
    const plan = compile(parseDefinition(definition, at), book, at)
    this.#kept.set(plan.cid, plan)
    return plan
  }

  /** Of a workflow that is in the store. */
  async of({ workflow_id, definition_cid }: WorkflowHead): Promise<Plan> {
    const kept = this.#kept.get(definition_cid)
    if (kept !== undefined) return kept
    const [body] = await this.#init.store.bodies(workflow_id, [{ of: 'definition' }])
    if (body === undefined) throw new WorkflowNotFoundError(workflow_id)
    return this.compile(JSON.parse(await this.#init.bodies.read(body)))
  }

  /** Of a stored definition, the latest version unless one is named. Rejects with `not_found`. */
  async named(name: string, version?: string): Promise<{ plan: Plan; version: string }> {
    const found = await this.#init.store.definition(name, version)
    if (found === undefined) throw new DefinitionNotFoundError(name, version)
    const plan = this.#kept.get(found.definition_cid) ?? this.compile(found.definition)
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
