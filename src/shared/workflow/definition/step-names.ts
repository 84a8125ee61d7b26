import { closestName } from '../../tools/closest-name.ts'
import type { StepDefinition } from './definition.ts'
import type { Faults } from './faults.ts'
import type { Names } from './template.ts'

/** Names that are compared with one that is not there, and how often: comparing is slow. */
const MAX_COMPARED = 10_000
const MAX_SUGGESTIONS = 10
/** Characters below which any other name is close. */
const MIN_CHARS = 3
/** Characters of the longest name. */
const MAX_CHARS = 64

/** The ids of a workflow's steps. */
export class StepNames implements Names {
  readonly #indexes = new Map<string, number>()
  #suggestions = 0

  /** Says of each id that is there twice. */
  constructor(steps: readonly StepDefinition[], at: string, faults: Faults) {
    for (const [index, { id }] of steps.entries()) {
      const first = this.#indexes.get(id)
      if (first === undefined) this.#indexes.set(id, index)
      else
        faults.say(`${at}/steps/${index}/id`, `${id} is the id of step ${first} too; ids are unique`, {
          value: id,
        })
    }
  }

  indexOf(id: string): number | undefined {
    return this.#indexes.get(id)
  }

  suggest(id: string): string | undefined {
    if (id.length < MIN_CHARS || id.length > MAX_CHARS) return undefined
    if (this.#indexes.size > MAX_COMPARED || this.#suggestions === MAX_SUGGESTIONS) return undefined
    this.#suggestions += 1
    return closestName(id, this.#indexes.keys())
  }
}
