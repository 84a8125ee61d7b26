import type { Json, JsonObject } from '../../tools/tool.ts'
import type { Template } from './definition.ts'
import { type ExpressionFault, type ExpressionNames, namesIn } from './expression.ts'
import type { Faults } from './faults.ts'
import { formatPointer, parsePointer } from './json-pointer.ts'
import { MAX_EXPRESSION_CHARS, MAX_EXPRESSIONS_CHARS } from './limits.ts'
import { placeholderIn, referenceMeant } from './placeholder.ts'
import type { CompiledTemplate, ExpressionNode, ReferenceNode, TemplateNeeds, TemplateNode } from './plan.ts'

/** What the templates of one workflow may refer to beside `input`. */
export interface Names {
  /** Undefined for no step. */
  indexOf(id: string): number | undefined
  /** The id that was probably meant. */
  suggest(id: string): string | undefined
}

/** What one template may refer to. */
export interface TemplateScope {
  names: Names
  faults: Faults
  /** The step that it belongs to, whose output is not there yet. */
  self?: string
  /** `item` and `index`. */
  item?: boolean
  error?: boolean
  /** It was found right before: what only looks like a mistake is none. */
  accepted?: boolean
}

/** Reads the templates of one workflow, and of those that lie in it. */
export class TemplateCompiler {
  /** Of expressions that many steps have alike. */
  readonly #expressions = new Map<string, ExpressionNames | ExpressionFault>()
  #chars = 0

  /** @param field JSON Pointer of the template in the definition */
  compile(source: Template, field: string, scope: TemplateScope): CompiledTemplate {
    const made = new Made(scope, text => this.#namesIn(text))
    return made.template(made.node(source, field), source)
  }

  /** A condition: a bare text is an expression. */
  condition(source: string | JsonObject, field: string, scope: TemplateScope): CompiledTemplate {
    if (typeof source !== 'string') return this.compile(source, field, scope)
    const made = new Made(scope, text => this.#namesIn(text))
    return made.template(made.expression(source, field), source)
  }

  #namesIn(text: string): ExpressionNames | ExpressionFault {
    let names = this.#expressions.get(text)
    if (names === undefined) {
      this.#chars += text.length
      names = this.#chars > MAX_EXPRESSIONS_CHARS ? TOO_MANY : namesIn(text)
      this.#expressions.set(text, names)
    }
    return names
  }
}

const TOO_MANY: ExpressionFault = {
  fault: `the expressions of a workflow have at most ${MAX_EXPRESSIONS_CHARS} characters together`,
}
const NO_NEEDS: TemplateNeeds = { input: false, item: false, index: false, error: false, outputs: new Map() }
const NO_EXPRESSIONS: readonly ExpressionNode[] = []
/** In the place of what has a fault. */
export const NOTHING: TemplateNode = { kind: 'value', value: null }
/** The forms that are no plain value. */
const FORMS = ['$from', '$expr', '$literal'] as const

class Made {
  readonly #scope: TemplateScope
  readonly #namesIn: (text: string) => ExpressionNames | ExpressionFault
  readonly #expressions: ExpressionNode[] = []
  readonly #outputs = new Map<number, string[]>()
  readonly #more = { input: false, item: false, index: false, error: false }

  constructor(scope: TemplateScope, names: (text: string) => ExpressionNames | ExpressionFault) {
    this.#scope = scope
    this.#namesIn = names
  }

  template(node: TemplateNode, source: Template): CompiledTemplate {
    if (node.kind === 'value')
      return {
        needs: NO_NEEDS,
        constant: { value: node.value },
        node,
        expressions: NO_EXPRESSIONS,
        source,
      }
    const expressions = this.#expressions.length === 0 ? NO_EXPRESSIONS : this.#expressions
    return { needs: { ...this.#more, outputs: this.#outputs }, node, expressions, source }
  }

  node(source: Template, field: string): TemplateNode {
    if (typeof source === 'string') this.#sayPlaceholder(source, field)
    if (typeof source !== 'object' || source === null) return { kind: 'value', value: source }
    if (Array.isArray(source)) return this.#list(source, field)
    const form = FORMS.find(key => Object.hasOwn(source, key))
    return form === undefined ? this.#object(source, field) : this.#form(form, source, field)
  }

  #list(source: Json[], field: string): TemplateNode {
    const parts = source.map((part, at) => this.node(part, `${field}/${at}`))
    if (parts.every(isUnchanged(source))) return { kind: 'value', value: source }
    return { kind: 'list', parts }
  }

  #object(source: JsonObject, field: string): TemplateNode {
    const members = Object.entries(source).map(
      ([key, part]) => [key, this.node(part, field + formatPointer([key]))] as const,
    )
    if (members.every(([key, node]) => node.kind === 'value' && node.value === source[key]))
      return { kind: 'value', value: source }
    return { kind: 'object', members }
  }

  #form(form: (typeof FORMS)[number], source: JsonObject, field: string): TemplateNode {
    const allowed = form === '$from' ? ['$from', 'path'] : [form]
    const other = Object.keys(source).find(key => !allowed.includes(key))
    if (other !== undefined) {
      this.#scope.faults.value(
        field + formatPointer([other]),
        source[other],
        `nothing: an object with ${form} has ${form === '$from' ? 'only `path` beside it' : 'nothing beside it'}; to give it as it is, put it into {"$literal": …}`,
      )
      return NOTHING
    }
    if (form === '$literal') return { kind: 'value', value: source.$literal ?? null }
    return form === '$from' ? this.#reference(source, field) : this.expression(source.$expr, `${field}/$expr`)
  }

  /** Says of a text that somebody seems to expect a value in. */
  #sayPlaceholder(text: string, field: string): void {
    const { faults, accepted = false } = this.#scope
    const found = accepted ? undefined : placeholderIn(text, name => this.#isSource(name))
    if (found === undefined) return
    const meant = found.whole
      ? JSON.stringify(found.reference)
      : `{"$expr": "'…' & ${found.path} & '…'"} (JSONata)`
    faults.say(
      field,
      `a text is taken as it is, ${JSON.stringify(found.text)} in it too: for the value write ${meant}; if that text is meant, put it into {"$literal": …}`,
      { value: text.slice(0, 200), allowed: `${meant} or {"$literal": …}` },
    )
  }

  #isSource(name: string): boolean {
    const { names, item = false, error = false } = this.#scope
    if (name === 'input') return true
    if (name === 'item' || name === 'index') return item
    return name === 'error' ? error : names.indexOf(name) !== undefined
  }

  #reference({ $from: name, path = '' }: JsonObject, field: string): TemplateNode {
    const { faults } = this.#scope
    const from = this.#source(name, `${field}/$from`)
    const tokens = typeof path === 'string' ? parsePointer(path) : undefined
    if (tokens === undefined || typeof path !== 'string')
      faults.value(`${field}/path`, path, 'a JSON Pointer (RFC 6901), as /chunks/0')
    else if (from !== undefined) {
      if (typeof from === 'number') this.#take(from, path)
      else this.#more[from] = true
      return { kind: 'reference', from, name: String(name), tokens }
    }
    return NOTHING
  }

  #source(name: Json | undefined, field: string): ReferenceNode['from'] | undefined {
    const { faults } = this.#scope
    if (typeof name !== 'string') {
      faults.value(field, name, 'the id of a step, or input')
      return undefined
    }
    if (name === 'input') return name
    if (name === 'item' || name === 'index' || name === 'error')
      return this.#mayTake(name, field) ? name : undefined
    return this.#step(name, field)
  }

  #step(id: string, field: string): number | undefined {
    const { names, faults, self } = this.#scope
    const index = names.indexOf(id)
    if (index === undefined) {
      const meant = /[./[]/.test(id) ? referenceMeant(id, name => this.#isSource(name)) : undefined
      sayNoStep(faults, field, id, names, meant && JSON.stringify(meant.reference))
    } else if (id === self) faults.say(field, `${id} cannot refer to its own output`, { value: id })
    else return index
    return undefined
  }

  /** Also says what is wrong when it may not. */
  #mayTake(name: 'item' | 'index' | 'error', field: string): boolean {
    const { faults, item = false, error = false } = this.#scope
    if (name === 'error' ? error : item) return true
    const where = name === 'error' ? 'in `on_error`' : 'in `params` or `input` of a step that has `for_each`'
    faults.say(field, `there is ${name === 'error' ? 'an error' : `an ${name}`} only ${where}`, {
      value: name,
    })
    return false
  }

  #take(index: number, pointer: string): void {
    const pointers = this.#outputs.get(index)
    if (pointers === undefined) this.#outputs.set(index, [pointer])
    else if (!pointers.includes(pointer)) pointers.push(pointer)
  }

  expression(text: Json | undefined, field: string): TemplateNode {
    const { faults } = this.#scope
    if (typeof text !== 'string' || text === '' || text.length > MAX_EXPRESSION_CHARS) {
      faults.value(field, text, `a JSONata expression of 1 to ${MAX_EXPRESSION_CHARS} characters`)
      return NOTHING
    }
    const names = this.#namesIn(text)
    if ('fault' in names) {
      const where = names.position === undefined ? '' : ` at position ${names.position}`
      const hint = LIKE_CODE.test(text) ? '; JSONata has = and !=, `and`, `or` and $not(…)' : ''
      faults.say(field, `this is no JSONata expression: ${names.fault}${where}${hint}`, { value: text })
      return NOTHING
    }
    const before = faults.count
    this.#refuse(names, text, field)
    for (const name of ['item', 'index', 'error'] as const) if (names[name]) this.#mayTake(name, field)
    const steps = names.steps.flatMap(id => {
      const index = this.#step(id, field)
      return index === undefined ? [] : [{ id, index }]
    })
    if (faults.count > before) return NOTHING

    for (const { index } of steps) this.#take(index, '')
    const { input, item, index, error } = names
    for (const name of ['input', 'item', 'index', 'error'] as const) this.#more[name] ||= names[name]
    const node: ExpressionNode = { kind: 'expression', text, input, item, index, error, steps }
    this.#expressions.push(node)
    return node
  }

  #refuse({ unknown, whole }: ExpressionNames, text: string, field: string): void {
    const { faults, names } = this.#scope
    for (const name of unknown) {
      const meant = names.indexOf(name) === undefined ? '' : `, did you mean steps.${name}?`
      faults.say(field, `an expression has no ${JSON.stringify(name)} to refer to${meant}`, {
        value: text,
        allowed: 'input, steps.<id>, and where there are such item, index and error',
      })
    }
    for (const what of whole) faults.say(field, WHOLE[what], { value: text, allowed: 'steps.<id>' })
  }
}

/** Operators of programming languages that JSONata writes otherwise. */
const LIKE_CODE = /==|&&|\|\||!(?!=)/

const WHOLE = {
  steps: 'steps are named one by one, as steps.<id>, so that it is known what has to run before',
  data: 'what is referred to has to be named (input, steps.<id>, …): $, $$, * and ** may not stand for all of it',
  eval: '$eval cannot be used: what it refers to is not known before it runs',
} as const

/** The fault that a name of a step is no step's. */
export function sayNoStep(
  faults: Faults,
  field: string,
  id: string,
  names: Names,
  meant: string | undefined = names.suggest(id),
): void {
  faults.say(
    field,
    `there is no step ${JSON.stringify(id.slice(0, 80))}${meant === undefined ? '' : `, did you mean ${meant}?`}`,
    { value: id.slice(0, 80), ...(meant === undefined ? {} : { allowed: meant }) },
  )
}

function isUnchanged(source: readonly Json[]): (node: TemplateNode, at: number) => boolean {
  return (node, at) => node.kind === 'value' && node.value === source[at]
}
