import { closestName } from '../../tools/closest-name.ts'
import type { StepDefinition } from './definition.ts'
import type { Faults } from './faults.ts'
import type { Names } from './template.ts'

/** Names that are compared with one that is not there, and how often: comparing is slow. */
const MAX_COMPARED = 10_000
const MAX_SUGGESTIONS = 10

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
    if (this.#indexes.size > MAX_COMPARED || id.length > 64 || this.#suggestions === MAX_SUGGESTIONS)
      return undefined
    this.#suggestions += 1
    return closestName(id, this.#indexes.keys())
  }
}
