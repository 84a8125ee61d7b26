import type { Principal } from '../../authority/principal.ts'
import { WorkflowNotFoundError } from '../../workflow/errors.ts'
import { sees } from '../taskqueue/task-access.ts'
import type { WorkflowEventsView } from '../views.ts'
import { visibleWorkflow } from '../workflow/workflow-access.ts'
import { workflowEventView } from '../workflow/workflow-view.ts'
import type { WorkflowsPort } from '../workflow/workflows-port.ts'
import type { MeshResource } from './mesh-resource.ts'

/** Changes of one read, from a position. */
const PAGE = 1_000

/** The changes of one workflow behind a position; all of them are kept as long as the workflow is. */
export function workflowEventsResource(
  workflows: Pick<WorkflowsPort, 'head' | 'events' | 'onChange'>,
): MeshResource {
  async function read(path: string, principal: Principal): Promise<WorkflowEventsView | undefined> {
    const position = positionOf(path)
    if (position === undefined) return undefined
    const { id, after } = position
    try {
      await visibleWorkflow(workflows.head(id), principal)
      const { events, last } = await workflows.events(id, after, PAGE)
      return {
        workflow_id: id,
        events: events.map(workflowEventView),
        next: events.at(-1)?.seq ?? Math.max(after, last),
        last,
      }
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined
      throw error
    }
  }
  return {
    uri: 'mesh://workflow-events/{id}/{after}',
    name: 'workflow-events',
    title: 'Changes of a workflow behind a position',
    description: `At most ${PAGE} changes of one workflow with a position (\`seq\`, from 1) behind the given one, 0: from the first. Read on from \`next\` while it is below \`last\`. All are kept as long as the workflow is.`,
    need: ['read', 'submit'],
    read,
    onChange(listener, path, principal) {
      const id = positionOf(path)?.id
      return workflows.onChange(head => {
        if (head.workflow_id === id && sees(principal, head.principal)) listener()
      })
    },
  }
}

function positionOf(path: string): { id: string; after: number } | undefined {
  const [, id, after] = /^([^/]+)\/(\d{1,15})$/.exec(path) ?? []
  return id === undefined ? undefined : { id, after: Number(after) }
}
