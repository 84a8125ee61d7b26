import jsonata from 'jsonata'

/** What a JSONata expression refers to in its data `{input, steps: {<id>: output}, item, index, error}`. */
export interface ExpressionNames {
  input: boolean
  item: boolean
  index: boolean
  error: boolean
  /** Ids in `steps.<id>`, each once. */
  steps: readonly string[]
  /** Names at the root of the data that it never has. */
  unknown: readonly string[]
  /** It takes the data, or all steps, as a whole, or evaluates a text: what it refers to cannot be known before. */
  whole: readonly Whole[]
}

/** `data`: `$` or `$$` or a wildcard at the root; `steps`: `steps` without a name behind it; `eval`: `$eval`. */
export type Whole = 'data' | 'steps' | 'eval'

/** An expression that JSONata cannot read. `position`: characters from its beginning. */
export interface ExpressionFault {
  fault: string
  position?: number
}

/** What an expression refers to, by its syntax tree. */
export function namesIn(expression: string): ExpressionNames | ExpressionFault {
  try {
    return new Names(jsonata(expression).ast())
  } catch (error) {
    return faultOf(error)
  }
}

/** JSONata throws plain objects; nesting that is deeper than the stack is a RangeError. */
function faultOf(error: unknown): ExpressionFault {
  if (typeof error !== 'object' || error === null || !('message' in error)) return { fault: String(error) }
  const fault = String(error.message)
  return 'position' in error && typeof error.position === 'number'
    ? { fault, position: error.position }
    : { fault }
}

/** A node of JSONata's syntax tree, of which the library's types know only a part. */
type Node = Readonly<Record<string, unknown>>

/**
 * Walks a syntax tree with the knowledge whether the context (`$`) is the data as a whole: it is at first, and behind
 * `$$`; inside a path, a filter or a sort it is something else, where `steps` is just the name of a property. A lambda
 * keeps the context in which it was written.
 */
class Names implements ExpressionNames {
  input = false
  item = false
  index = false
  error = false
  readonly #steps = new Set<string>()
  readonly #unknown = new Set<string>()
  readonly #whole = new Set<Whole>()

  constructor(root: unknown) {
    this.#visit(root, true)
  }

  get steps(): readonly string[] {
    return [...this.#steps]
  }

  get unknown(): readonly string[] {
    return [...this.#unknown]
  }

  get whole(): readonly Whole[] {
    return [...this.#whole]
  }

  #visit(node: unknown, atRoot: boolean): void {
    if (Array.isArray(node)) {
      for (const part of node) this.#visit(part, atRoot)
      return
    }
    if (!isNode(node)) return
    switch (node.type) {
      case 'path':
        this.#path(nodesOf(node.steps), atRoot)
        this.#visit(Object(node.group).lhs, false)
        return
      case 'variable':
        if (node.value === 'eval') this.#whole.add('eval')
        else if (isContext(node, atRoot)) this.#whole.add('data')
        break
      case 'name':
        if (atRoot) this.#rootName(String(node.value))
        break
      case 'wildcard':
      case 'descendant':
        if (atRoot) this.#whole.add('data')
        break
      case 'lambda':
        this.#visit(node.body, atRoot)
        break
      case 'transform':
        this.#visit([node.pattern, node.update, node.delete], false)
        break
      case 'sort':
        this.#visit(
          nodesOf(node.terms).map(({ expression }) => expression),
          false,
        )
        break
      case 'filter':
        this.#visit(node.expr, atRoot)
        break
      default:
        for (const key of PARTS) this.#visit(node[key], atRoot)
    }
    this.#visit([node.predicate, node.stages, Object(node.group).lhs], false)
  }

  #path(steps: readonly Node[], atRoot: boolean): void {
    const [first] = steps
    if (first === undefined) return
    let rooted = atRoot
    let begin = 0
    if (first.type === 'variable' && (first.value === '$' || first.value === '')) {
      rooted = first.value === '$' || atRoot
      begin = 1
      this.#visit([first.predicate, first.stages, Object(first.group).lhs], rooted)
      if (rooted && first.focus !== undefined) this.#whole.add('data')
      // What was grouped is something else.
      if (first.group !== undefined) rooted = false
    }
    for (let at = begin; at < steps.length; at++) {
      const step = steps[at]
      if (step === undefined) return
      if (rooted && step.type === 'name' && step.value === 'steps') {
        const next = steps[at + 1]
        // Behind `@$name` the context is still what the name was looked up in.
        if (next?.type === 'name' && next.focus === undefined && step.stages === undefined)
          this.#steps.add(String(next.value))
        else this.#whole.add('steps')
      }
      if (rooted && (step.focus !== undefined || step.type === 'sort')) this.#whole.add('data')
      this.#visit(step, rooted)
      rooted = false
    }
    if (rooted) this.#whole.add('data')
  }

  #rootName(name: string): void {
    if (name === 'input' || name === 'item' || name === 'index' || name === 'error') this[name] = true
    else if (name !== 'steps') this.#unknown.add(name)
  }
}

/** Where nodes lie in nodes that keep the context. */
const PARTS = [
  'lhs',
  'rhs',
  'expression',
  'expressions',
  'condition',
  'then',
  'else',
  'procedure',
  'arguments',
  'steps',
] as const

/** `$$`, or `$` where that is the same. */
function isContext({ value }: Node, atRoot: boolean): boolean {
  return value === '$' || (value === '' && atRoot)
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null
}

function nodesOf(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter(isNode) : []
}
