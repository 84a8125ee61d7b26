import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { type StepsPage, stepsPage } from './steps-page.ts'
import { visibleWorkflow } from './workflow-access.ts'
import { itemSchema, itemState, stepId, stepState, workflowId, workflowSchema } from './workflow-schemas.ts'
import { stepDetailView, workflowView } from './workflow-view.ts'
import type { WorkflowsPort } from './workflows-port.ts'

/** Entries of a page unless it asks for another number. */
const DEFAULT_PAGE = 200
const MAX_PAGE = 1_000

type Port = Pick<WorkflowsPort, 'head' | 'owner' | 'steps' | 'step' | 'items'>

const page = {
  state: z.array(stepState).min(1).exactOptional().describe('Only steps in these states.'),
  step: stepId.exactOptional().describe('Only this step, with its input, output and items.'),
  item: z
    .int()
    .min(0)
    .exactOptional()
    .describe('Of the for_each `step`: the input and output of this item, from 0.'),
  item_state: z
    .array(itemState)
    .min(1)
    .exactOptional()
    .describe('Of the for_each `step`: only items in these states.'),
  after: z
    .int()
    .min(0)
    .exactOptional()
    .describe('`next_after` of the page before: of the steps, or with `step` of its items.'),
  limit: z.int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE).describe('Most entries of a page.'),
}

type Wanted = z.output<z.ZodObject<typeof page>>

export function statusTool(workflows: Port): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_workflow_status',
    category: 'p2p_workflow',
    title: 'Status of a workflow',
    description:
      'A workflow with the state and progress of its steps, in pages, and the node that drives it. {workflow_id, state: ["failed"]} shows only such steps; {workflow_id, step} that one with its input and output, and the items of a for_each. Attempts of a step: p2p_taskqueue_task_status of its task_id.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({ workflow_id: workflowId, ...page }),
    output: workflowSchema.extend({
      items: z.array(itemSchema).exactOptional().describe('Of the for_each that was asked for.'),
    }),
    async run({ workflow_id, ...wanted }, { principal }) {
      const head = await visibleWorkflow(workflows.head(workflow_id), principal)
      const { step } = wanted
      const [owner, { items, ...shown }] = await Promise.all([
        workflows.owner(workflow_id),
        step === undefined
          ? someSteps(workflows, workflow_id, wanted)
          : oneStep(workflows, workflow_id, step, wanted),
      ])
      return { ...workflowView(head, owner, shown), ...(items === undefined ? {} : { items }) }
    },
  })
}

async function someSteps(workflows: Pick<Port, 'steps'>, id: string, { step: _none, ...wanted }: Wanted) {
  const { state, after, limit, ...ofStep } = wanted
  const [field] = Object.keys(ofStep)
  if (field !== undefined)
    throw new InvalidInputError(`/${field}`, Reflect.get(ofStep, field), 'only beside `step`')
  const page: Shown = await stepsPage(workflows, id, {
    limit,
    ...(after === undefined ? {} : { after }),
    ...(state === undefined ? {} : { states: state }),
  })
  return page
}

interface Shown extends StepsPage {
  items?: z.input<typeof itemSchema>[]
}

async function oneStep(
  workflows: Pick<Port, 'step' | 'items'>,
  id: string,
  step: string,
  { state, item, item_state, after, limit }: Wanted,
): Promise<Shown> {
  if (state !== undefined) throw new InvalidInputError('/state', state, '`item_state` beside `step`')
  const detail = await workflows.step(id, step, item === undefined ? {} : { item })
  const steps = [stepDetailView(detail)]
  if (detail.items === undefined) return { steps }
  if (item !== undefined) {
    const items = await workflows.items(id, step, { limit: 1, ...(item === 0 ? {} : { after: item - 1 }) })
    return { steps, items }
  }
  const items = await workflows.items(id, step, {
    limit: limit + 1,
    ...(after === undefined ? {} : { after }),
    ...(item_state === undefined ? {} : { states: item_state }),
  })
  const shown = items.slice(0, limit)
  const last = shown.at(-1)
  return {
    steps,
    items: shown,
    ...(items.length > limit && last !== undefined ? { next_after: last.item } : {}),
  }
}
