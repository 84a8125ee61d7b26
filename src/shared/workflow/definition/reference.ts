import type { Json, JsonObject } from '../../tools/tool.ts'
import { formatPointer, listIndex, parsePointer } from './json-pointer.ts'

/** What lies at a JSON Pointer in a value of type T; `unknown` where that is not known. */
export type At<T, P extends string> = P extends ''
  ? T
  : P extends `/${infer Head}/${infer Rest}`
    ? At<Member<T, Head>, `/${Rest}`>
    : P extends `/${infer Key}`
      ? Member<T, Key>
      : never

type Member<T, K extends string> = unknown extends T
  ? unknown
  : T extends readonly (infer E)[]
    ? K extends `${number}`
      ? E
      : never
    : K extends keyof T
      ? NonNullable<T>[K]
      : never

/** A value of type T, any part of which may be known only when the step starts. */
export type Templated<T> =
  | Reference<T>
  | Expression<T>
  | (T extends readonly (infer E)[]
      ? readonly Templated<E>[]
      : T extends object
        ? { [K in keyof T]: Templated<T[K]> }
        : T)

/** Stands for a value of type T that is known when the step starts: `{"$from": …}`. */
export class Reference<T = unknown> {
  readonly #from: string
  readonly #tokens: readonly string[]
  /** Only for the compiler. */
  declare readonly type?: T

  /** @param from the id of a step, `input`, `item`, `index` or `error` */
  constructor(from: string, tokens: readonly string[] = []) {
    this.#from = from
    this.#tokens = tokens
  }

  /**
   * A part of it.
   * @param pointer a JSON Pointer (RFC 6901); throws TypeError for what is none
   */
  at<const P extends string>(pointer: P): Reference<At<T, P>> {
    const tokens = parsePointer(pointer)
    if (tokens === undefined) throw new TypeError(`${JSON.stringify(pointer)} is no JSON Pointer`)
    return new Reference(this.#from, [...this.#tokens, ...tokens])
  }

  toJSON(): JsonObject {
    const path = formatPointer(this.#tokens)
    return path === '' ? { $from: this.#from } : { $from: this.#from, path }
  }

  /** As it is written in JSONata, wherever it stands in an expression. */
  toExpression(): string {
    const root = ROOTS.includes(this.#from) ? `$$.${this.#from}` : `$$.steps.${quoted(this.#from)}`
    return this.#tokens.reduce(
      (path, token) => (listIndex(token) === undefined ? `${path}.${quoted(token)}` : `${path}[${token}]`),
      root,
    )
  }
}

const ROOTS = ['input', 'item', 'index', 'error']

/** A name in JSONata. Throws TypeError for one that it cannot hold. */
function quoted(name: string): string {
  if (name.includes('`')) throw new TypeError(`JSONata has no way to write the name ${JSON.stringify(name)}`)
  return `\`${name}\``
}

/** Stands for what a JSONata expression gives: `{"$expr": …}`. */
export class Expression<T = unknown> {
  readonly text: string
  /** Only for the compiler. */
  declare readonly type?: T

  constructor(text: string) {
    this.text = text
  }

  toJSON(): JsonObject {
    return { $expr: this.text }
  }
}

/**
 * A JSONata expression; references in it become paths, other values literals.
 * @example expr<number>`$sum(${sizes}) > ${limit}`
 */
export function expr<T = unknown>(
  texts: TemplateStringsArray,
  ...values: readonly (Reference | Expression | Json)[]
): Expression<T> {
  const parts = values.map(value => {
    if (value instanceof Reference) return value.toExpression()
    return value instanceof Expression ? `(${value.text})` : JSON.stringify(value)
  })
  // As they were written, so that a backslash in a regular expression is one.
  return new Expression(String.raw(texts, ...parts))
}

const FORMS = ['$from', '$expr', '$literal']

/**
 * The template that a value with references and expressions in it is of. An object that looks like one of the forms of
 * a template, and is not meant to be, is kept as it is by `$literal`.
 */
export function templateOf(value: unknown): Json {
  if (value instanceof Reference || value instanceof Expression) return value.toJSON()
  if (Array.isArray(value)) return value.map(templateOf)
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, part]) => part !== undefined)
    const template = Object.fromEntries(entries.map(([key, part]) => [key, templateOf(part)]))
    return entries.some(([key]) => FORMS.includes(key)) ? { $literal: template } : template
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new TypeError(`${String(value)} is no JSON`)
}
