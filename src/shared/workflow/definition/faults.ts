import { type Fault, InvalidInputError } from '../../errors.ts'
import { InvalidDefinitionError } from '../errors.ts'
import { MAX_FAULTS } from './limits.ts'

/** Collects what is wrong with a definition, so that all of it is told at once. */
export class Faults {
  /** JSON Pointer of the definition, put before every field. */
  readonly #at: string
  readonly #faults: Fault[] = []
  #count = 0

  constructor(at: string) {
    this.#at = at
  }

  /** How many there are: more than are kept. */
  get count(): number {
    return this.#count
  }

  /** A value that is not what is allowed. */
  value(field: string, value: unknown, allowed: string): void {
    this.#add(() => new InvalidInputError(this.#at + field, value, allowed).toFault())
  }

  /** Anything else; `text` is a sentence for a person. */
  say(field: string, text: string, facts: { value?: unknown; allowed?: string } = {}): void {
    const at = this.#at + field
    this.#add(() => ({ field: at, message: `${at || 'workflow'}: ${text}`, ...facts }))
  }

  /** Throws InvalidDefinitionError when there is any. */
  throwIfAny(): void {
    if (this.#count > 0) throw new InvalidDefinitionError(this.#faults, this.#count)
  }

  #add(make: () => Fault): void {
    this.#count += 1
    if (this.#faults.length < MAX_FAULTS) this.#faults.push(make())
  }
}
