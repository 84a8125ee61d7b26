import { cidOf } from '../../artifacts/cid.ts'
import type { Json } from '../../tools/tool.ts'
import { FitCheck } from './check-fit.ts'
import type { WorkflowDefinition } from './definition.ts'
import { Faults } from './faults.ts'
import { cyclesIn, type Dependencies, dependentsOf, topologicalOrder } from './graph.ts'
import { MAX_DEPENDENCIES, MAX_FIT_COMPARISONS, MAX_NESTED_WORKFLOWS } from './limits.ts'
import type { Plan } from './plan.ts'
import { StepCompiler, type ToolBook } from './step-compiler.ts'
import { StepNames } from './step-names.ts'
import { TemplateCompiler } from './template.ts'
import { isObject } from './template-schema.ts'

export type { ToolBook } from './step-compiler.ts'

/**
 * A definition as the engine works on it. Throws InvalidDefinitionError with all that is wrong: ids that are there
 * twice, steps, tools and references that are not there, cycles, inputs that do not fit.
 * @param definition as `parseDefinition` gave it
 * @param at JSON Pointer of the definition in its request, put before the field of every fault
 * @param cid its CID, where that is known
 */
export function compile(definition: WorkflowDefinition, tools: ToolBook, at = '', cid?: string): Plan {
  return made(definition, tools, { at, accepted: false, cid })
}

/**
 * A definition that was found right when its workflow was taken, which goes on by it whatever became of the tools since:
 * a step whose tool is not there any more is there, and fails when it comes to run.
 */
export function recompile(definition: WorkflowDefinition, tools: ToolBook, cid?: string): Plan {
  return made(definition, tools, { at: '', accepted: true, cid })
}

function made(
  definition: WorkflowDefinition,
  tools: ToolBook,
  { at, accepted, cid }: { at: string; accepted: boolean; cid: string | undefined },
): Plan {
  const faults = new Faults(at)
  const plan = planOf(definition, {
    tools,
    faults,
    at: '',
    depth: 0,
    accepted,
    templates: new TemplateCompiler(),
    budget: { left: MAX_FIT_COMPARISONS },
  })
  faults.throwIfAny()
  if (plan === undefined) throw new TypeError('a definition without a plan has a fault')
  return { ...plan, cid: cid ?? cidOf(asJson(definition)) }
}

interface Place {
  tools: ToolBook
  /** It was found right before: tools are not looked at again. */
  accepted: boolean
  faults: Faults
  /** JSON Pointer of the workflow below the one that all lie in. */
  at: string
  /** How many workflows it lies in. */
  depth: number
  templates: TemplateCompiler
  /** Comparisons of what steps are given with what they take that are left. */
  budget: { left: number }
}

/** Undefined when there is none, for which there is a fault then. */
function planOf(definition: WorkflowDefinition, place: Place): Omit<Plan, 'cid'> | undefined {
  const { tools, accepted, faults, at, depth, templates, budget } = place
  const before = faults.count
  if (depth > MAX_NESTED_WORKFLOWS) {
    faults.say(at, `it lies in ${depth} workflows`, {
      allowed: `at most ${MAX_NESTED_WORKFLOWS} workflows around another`,
    })
    return undefined
  }
  const names = new StepNames(definition.steps, at, faults)
  const compiler = new StepCompiler({
    names,
    tools,
    templates,
    accepted,
    faults,
    defaults: definition.defaults ?? {},
    inline: (inner, field) => {
      if (!accepted) planOf(inner, { ...place, at: field, depth: depth + 1 })
    },
  })
  const drafts = definition.steps.map((step, index) => compiler.draft(step, index, `${at}/steps/${index}`))
  const output =
    definition.output === undefined ? undefined : compiler.template(definition.output, `${at}/output`)
  const dependencies = drafts.map(draft => draft.dependencies)
  sayTooMany(dependencies, place)
  const dependents = dependentsOf(dependencies)
  if (topologicalOrder(dependencies, dependents).length < drafts.length)
    sayCycles(definition, dependencies, place)
  if (!accepted)
    new FitCheck({ definition, steps: drafts.map(draft => draft.planned), faults, budget, at }).check(output)
  if (faults.count > before) return undefined

  const steps = drafts.flatMap(({ planned }, index) =>
    planned === undefined ? [] : [{ ...planned, dependents: dependents[index] ?? [] }],
  )
  return {
    definition,
    steps,
    step: id => steps[names.indexOf(id) ?? -1],
    ends: steps.filter(step => step.dependents.length === 0).map(step => step.index),
    beginnings: steps.filter(step => step.dependencies.length === 0).map(step => step.index),
    ...(output === undefined ? {} : { output }),
  }
}

function sayTooMany(dependencies: Dependencies, { faults, at }: Place): void {
  const count = dependencies.reduce((sum, own) => sum + own.length, 0)
  if (count > MAX_DEPENDENCIES)
    faults.say(`${at}/steps`, `its steps have ${count} dependencies`, {
      allowed: `at most ${MAX_DEPENDENCIES} dependencies`,
    })
}

/** Steps of a cycle that are named: with more, its first and last ones. */
const SHOWN = 20

function sayCycles({ steps }: WorkflowDefinition, dependencies: Dependencies, { faults, at }: Place): void {
  for (const cycle of cyclesIn(dependencies)) {
    const [first = 0] = cycle
    const ids = [...cycle, first].map(index => steps[index]?.id ?? '')
    const shown =
      ids.length <= SHOWN
        ? ids
        : [...ids.slice(0, SHOWN / 2), `(${ids.length - SHOWN} more)`, ...ids.slice(-SHOWN / 2)]
    faults.say(`${at}/steps/${first}`, `these steps depend on each other: ${shown.join(' → ')}`)
  }
}

function asJson(definition: unknown): Json {
  if (!isObject(definition)) throw new TypeError('a definition is an object')
  return definition
}
