import type { Principal } from '../../authority/principal.ts'
import { WorkflowNotFoundError } from '../../workflow/errors.ts'
import type { WorkflowHead, WorkflowState } from '../../workflow/workflow.ts'
import { sees, seesAll } from '../taskqueue/task-access.ts'
import type { WorkflowsView, WorkflowView } from '../views.ts'
import { stepsPage } from '../workflow/steps-page.ts'
import { visibleWorkflow } from '../workflow/workflow-access.ts'
import { workflowSummary, workflowView } from '../workflow/workflow-view.ts'
import type { WorkflowsPort } from '../workflow/workflows-port.ts'
import type { MeshResource } from './mesh-resource.ts'

/** Workflows in `mesh://workflows`: more than a page shows, and still quick to read and send. */
const MAX_WORKFLOWS = 100
/** Of these, at most so many that are open: they come first, or behind a hundred short ones nobody would see them. */
const MAX_OPEN = 50
/** Steps in `mesh://workflows/{id}`; the rest is for p2p_workflow_status. */
const MAX_STEPS = 1_000

export function workflowsResource(
  workflows: Pick<WorkflowsPort, 'list' | 'counts' | 'onChange'>,
): MeshResource {
  async function read(_id: string, principal: Principal): Promise<WorkflowsView> {
    const all = seesAll(principal)
    const whose = all ? {} : { principal: principal.id }
    const [open, newest, counts] = await Promise.all([
      workflows.list({ states: ['running', 'waiting'], order: 'newest', limit: MAX_OPEN, ...whose }),
      workflows.list({ order: 'newest', limit: MAX_WORKFLOWS, ...whose }),
      all ? workflows.counts() : undefined,
    ])
    const first = new Set(open.workflows.map(({ workflow_id }) => workflow_id))
    const heads = [
      ...open.workflows,
      ...newest.workflows.filter(({ workflow_id }) => !first.has(workflow_id)),
    ].slice(0, MAX_WORKFLOWS)
    return { counts: counts ?? countsOf(heads), workflows: heads.map(workflowSummary) }
  }
  return {
    uri: 'mesh://workflows',
    name: 'workflows',
    title: 'Workflows',
    description: `The open workflows and then the newest, at most ${MAX_WORKFLOWS} without children, and how many there are in each state.`,
    need: ['read', 'submit'],
    read,
    onChange: (listener, _id, principal) =>
      workflows.onChange(head => {
        if (sees(principal, head.principal)) listener()
      }),
  }
}

export function workflowResource(
  workflows: Pick<WorkflowsPort, 'head' | 'owner' | 'steps' | 'onChange'>,
): MeshResource {
  async function read(id: string, principal: Principal): Promise<WorkflowView | undefined> {
    try {
      const head = await visibleWorkflow(workflows.head(id), principal)
      const [owner, page] = await Promise.all([
        workflows.owner(id),
        stepsPage(workflows, id, { limit: MAX_STEPS }),
      ])
      return workflowView(head, owner, page)
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined
      throw error
    }
  }
  return {
    uri: 'mesh://workflows/{id}',
    name: 'workflow',
    title: 'One workflow',
    description: `One workflow by its id, with its first ${MAX_STEPS} steps and the node that drives it.`,
    need: ['read', 'submit'],
    read,
    onChange: (listener, id, principal) =>
      workflows.onChange(head => {
        if (head.workflow_id === id && sees(principal, head.principal)) listener()
      }),
  }
}

function countsOf(heads: readonly WorkflowHead[]): Record<WorkflowState, number> {
  const counts = { running: 0, waiting: 0, succeeded: 0, failed: 0, cancelled: 0 }
  for (const { state } of heads) counts[state] += 1
  return counts
}
