import type { Json } from '../../src/shared/tools/tool.ts'
import type { StepDefinition, WorkflowDefinition } from '../../src/shared/workflow/definition/definition.ts'
import { ECHO } from './open-workflows.ts'

/** A sequence of tiny steps, as others have measured it. */
export const STEPS_OF_SEQUENCE = 3

/** `chains` that know nothing of each other, each of `length` steps that hand a number on. */
export function chains(chains: number, length: number): WorkflowDefinition {
  const steps: StepDefinition[] = []
  for (let chain = 0; chain < chains; chain++) {
    for (let link = 0; link < length; link++) {
      steps.push(echo(`c${chain}_${link}`, link === 0 ? chain : from(`c${chain}_${link - 1}`)))
    }
  }
  return { name: 'chains', steps }
}

/** `depth` layers of `width` steps; each step takes the number of one of the layer before and waits for another. */
export function layers(depth: number, width: number): WorkflowDefinition {
  const steps: StepDefinition[] = []
  for (let layer = 0; layer < depth; layer++) {
    for (let place = 0; place < width; place++) {
      const id = `l${layer}_${place}`
      if (layer === 0) steps.push(echo(id, place))
      else
        steps.push({
          ...echo(id, from(`l${layer - 1}_${place}`)),
          depends_on: [`l${layer - 1}_${(place + 1) % width}`],
        })
    }
  }
  return { name: 'layers', steps }
}

/** One step for each number of the list that is its input. */
export function forEach(): WorkflowDefinition {
  const each = echo('each', { $from: 'item' })
  return { name: 'for_each', steps: [{ ...each, for_each: { items: { $from: 'input' }, concurrency: 256 } }] }
}

function echo(id: string, n: Json): StepDefinition & { tool: string } {
  return { id, tool: ECHO.name, params: { n } }
}

function from(id: string): Json {
  return { $from: id, path: '/n' }
}
