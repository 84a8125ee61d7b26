import { LRUCache } from 'lru-cache'
import { InvalidInputError, ToolmeshError } from '../../errors.ts'
import type { Bodies } from '../../queue/bodies/bodies.ts'
import type { Json } from '../../tools/tool.ts'
import type { CompiledTemplate, PlanStep } from '../definition/plan.ts'
import { resolve, type TemplateValues } from '../definition/resolve.ts'
import type { Evaluate } from '../ports.ts'
import { Slots } from '../slots.ts'
import type { WorkflowStore } from '../store/store.ts'
import type { Body, BodyKey } from '../workflow.ts'
import type { Journal } from './journal.ts'
import type { OpenWorkflow } from './open-workflow.ts'

/** Outputs of items that are read at once. */
const ITEMS_PAGE = 256
/** Bodies of a workflow that are read at once: each may be of 1 MiB in the store. */
const BODIES_PAGE = 64
/** Reads under way, over all workflows. */
const READS = 8
/** UTF-16 units of all that one template refers to, of the outputs of one `for_each`: what one body may have. */
const MAX_CHARS = 64 * 1024 * 1024
/** What an entry takes beside its text, in UTF-16 units. */
const ENTRY_CHARS = 100

export interface ValuesInit {
  store: Pick<WorkflowStore, 'bodies' | 'itemOutputs'>
  bodies: Pick<Bodies, 'read'>
  journal: Pick<Journal, 'settled'>
  evaluate: Evaluate
  /** Text that is kept to be read again, UTF-16 units. */
  valueChars: number
  /** Aborted when the engine ends. */
  signal: AbortSignal
}

/** What only some templates may refer to. */
export type More = Partial<Pick<TemplateValues, 'item' | 'index' | 'error'>>

interface Entry {
  text: string
  json?: Json
}

/** Inputs and outputs of open workflows: read from the store, those that were used last kept. */
export class Values {
  readonly #init: ValuesInit
  readonly #kept: LRUCache<string, Entry>
  /** Reads under way, so that what many steps begin with is read once. */
  readonly #loading = new Map<string, Promise<Json>>()
  readonly #reads = new Slots(READS)

  constructor(init: ValuesInit) {
    this.#init = init
    this.#kept = new LRUCache<string, Entry>({
      maxSize: init.valueChars,
      sizeCalculation: ({ text }) => text.length + ENTRY_CHARS,
    })
  }

  /** An output that has just come, for what depends on it. */
  remember(workflow: OpenWorkflow, key: BodyKey, body: Body): void {
    if (typeof body === 'string') this.#kept.set(nameOf(workflow, key), { text: body })
  }

  /**
   * What a template stands for; at once where nothing has to be read or evaluated. Rejects with `invalid_input` (a
   * reference that cannot resolve, an expression that fails), `timed_out`, `unavailable`.
   */
  resolve(workflow: OpenWorkflow, template: CompiledTemplate, more: More = {}): Json | Promise<Json> {
    if (template.constant !== undefined) return template.constant.value
    const { input, outputs } = template.needs
    const missing: BodyKey[] = []
    const { inputGeneration } = workflow.progress
    if (input && this.#get(workflow, inputKey(inputGeneration)) === undefined)
      missing.push(inputKey(inputGeneration))
    for (const index of outputs.keys()) {
      const key = this.#outputKey(workflow, index)
      if (key !== undefined && this.#get(workflow, key) === undefined) missing.push(key)
    }
    if (missing.length === 0) return this.#resolve(workflow, template, more, new Map())
    return this.#load(workflow, missing).then(loaded => this.#resolve(workflow, template, more, loaded))
  }

  /** A body of the workflow as JSON; undefined when there is none. */
  async read(workflow: OpenWorkflow, key: BodyKey): Promise<Json | undefined> {
    const kept = this.#get(workflow, key)
    if (kept !== undefined) return kept
    return (await this.#load(workflow, [key])).get(nameOf(workflow, key))
  }

  /** The outputs of steps, by their index; null for each that has none. Rejects with `invalid_input` where they are too large. */
  async outputs(workflow: OpenWorkflow, indexes: readonly number[]): Promise<Json[]> {
    const keys = indexes.map(index => this.#outputKey(workflow, index))
    const missing = keys.filter(key => key !== undefined && this.#get(workflow, key) === undefined)
    const loaded = await this.#load(
      workflow,
      missing.filter(key => key !== undefined),
    )
    return keys.map(key =>
      key === undefined ? null : (loaded.get(nameOf(workflow, key)) ?? this.#get(workflow, key) ?? null),
    )
  }

  #resolve(
    workflow: OpenWorkflow,
    template: CompiledTemplate,
    more: More,
    loaded: ReadonlyMap<string, Json>,
  ): Json | Promise<Json> {
    const read = (key: BodyKey): Json => loaded.get(nameOf(workflow, key)) ?? this.#get(workflow, key) ?? null
    const { evaluate, signal } = this.#init
    const values: TemplateValues = {
      ...more,
      steps: index => {
        const key = this.#outputKey(workflow, index)
        return key === undefined ? null : read(key)
      },
    }
    if (template.needs.input) values.input = read(inputKey(workflow.progress.inputGeneration))
    return resolve(template, values, evaluate, signal)
  }

  /** Undefined where the step has no output. */
  #outputKey({ plan, progress }: OpenWorkflow, index: number): BodyKey | undefined {
    const step = plan.steps[index]
    if (step === undefined || !progress.hasOutput(index)) return undefined
    return { of: 'output', step: step.id, generation: progress.generationOf(index) }
  }

  #get(workflow: OpenWorkflow, key: BodyKey): Json | undefined {
    const entry = this.#kept.get(nameOf(workflow, key))
    if (entry === undefined) return undefined
    if (entry.json === undefined) entry.json = JSON.parse(entry.text) as Json
    return entry.json
  }

  async #load(workflow: OpenWorkflow, keys: readonly BodyKey[]): Promise<Map<string, Json>> {
    if (keys.length === 0) return new Map()
    const names = keys.map(key => nameOf(workflow, key))
    const missing = keys.filter((_, at) => !this.#loading.has(names[at] ?? ''))
    const reading = missing.length === 0 ? NOTHING_READ : this.#reads.run(() => this.#read(workflow, missing))
    for (const key of missing) {
      const name = nameOf(workflow, key)
      const one = reading.then(read => read.get(name) ?? null)
      this.#loading.set(name, one)
      const over = () => this.#loading.delete(name)
      one.then(over, over)
    }
    const values = await Promise.all(names.map(name => this.#loading.get(name) ?? null))
    return new Map(names.map((name, at) => [name, values[at] ?? null]))
  }

  async #read(workflow: OpenWorkflow, keys: readonly BodyKey[]): Promise<Map<string, Json>> {
    const { store, bodies, journal } = this.#init
    await journal.settled(workflow)
    // What is not in the store then may be so only because another engine has it.
    if (workflow.closed)
      throw new ToolmeshError('unavailable', `workflow ${workflow.id} is not driven here any more`)
    const read = new Map<string, Json>()
    const single: BodyKey[] = []
    let chars = 0
    const add = (key: BodyKey, text: string) => {
      chars += text.length
      ensureRoom(chars)
      read.set(nameOf(workflow, key), this.#keep(workflow, key, text))
    }
    for (const key of keys) {
      const list = await this.#listOf(workflow, key)
      if (list === undefined) single.push(key)
      else add(key, list)
    }
    for (let from = 0; from < single.length; from += BODIES_PAGE) {
      const page = single.slice(from, from + BODIES_PAGE)
      const found = await store.bodies(workflow.id, page)
      for (const [at, key] of page.entries()) {
        const body = found[at]
        if (typeof body === 'object') ensureRoom(chars + body.size / MAX_BYTES_PER_UNIT)
        add(key, body === undefined ? 'null' : await bodies.read(body))
      }
    }
    return read
  }

  #keep(workflow: OpenWorkflow, key: BodyKey, text: string): Json {
    const entry: Entry = { text, json: JSON.parse(text) as Json }
    this.#kept.set(nameOf(workflow, key), entry)
    return entry.json ?? null
  }

  /** The outputs of a `for_each` as one list; undefined for any other body. */
  async #listOf(workflow: OpenWorkflow, key: BodyKey): Promise<string | undefined> {
    if (key.of !== 'output' || key.item !== undefined) return undefined
    const step = workflow.plan.step(key.step)
    if (step === undefined || !isForEach(step) || workflow.progress.stateOf(step.index) !== 'succeeded')
      return undefined
    return itemOutputsOf(this.#init, workflow.id, key, workflow.progress.items.get(step.index)?.total ?? 0)
  }
}

const NOTHING_READ: Promise<ReadonlyMap<string, Json>> = Promise.resolve(new Map<string, Json>())
/** UTF-8 bytes of one UTF-16 unit, at most. */
const MAX_BYTES_PER_UNIT = 3

function ensureRoom(chars: number): void {
  if (chars <= MAX_CHARS) return
  throw new InvalidInputError(
    '',
    'values that are larger together',
    `references to at most ${MAX_CHARS} characters of JSON together`,
  )
}

/**
 * The outputs of the items of a step as the text of one JSON list, null for each that has none. Rejects with
 * `invalid_input` where they are too large together.
 */
export async function itemOutputsOf(
  { store, bodies }: Pick<ValuesInit, 'store' | 'bodies'>,
  workflowId: string,
  { step, generation }: { step: string; generation: number },
  total: number,
): Promise<string> {
  const texts: string[] = []
  let chars = 0
  for (let from = 0; from < total; from += ITEMS_PAGE) {
    const limit = Math.min(ITEMS_PAGE, total - from)
    const page = await store.itemOutputs(workflowId, { step, generation }, from, limit)
    for (const body of page) {
      if (typeof body === 'object') ensureRoom(chars + body.size / MAX_BYTES_PER_UNIT)
      const text = body === undefined ? 'null' : await bodies.read(body)
      chars += text.length
      ensureRoom(chars)
      texts.push(text)
    }
  }
  return `[${texts.join(',')}]`
}

export function isForEach({ work }: PlanStep): boolean {
  return (work.kind === 'task' || work.kind === 'workflow') && work.forEach !== undefined
}

function inputKey(generation: number): BodyKey {
  return { of: 'input', generation }
}

/** Told apart by the run of the workflow here: what an earlier one recorded may never have become durable. */
function nameOf({ serial }: OpenWorkflow, key: BodyKey): string {
  switch (key.of) {
    case 'definition':
    case 'result':
      return `${serial} ${key.of}`
    case 'input':
      return `${serial} input ${key.generation}`
    case 'signal':
      return `${serial} signal ${key.n} ${key.signal}`
    default:
      return `${serial} ${key.of} ${key.generation} ${key.step} ${'item' in key ? (key.item ?? '') : ''}`
  }
}
