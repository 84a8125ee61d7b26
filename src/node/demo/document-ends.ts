import { z } from 'zod'
import { PART_DOCUMENTS } from './parts.ts'
import { profilesName } from './report-workflow.ts'
import type { SubmittedRun } from './workflow-run.ts'

/** What became of one document. */
export interface DocumentEnd {
  name: string
  /** The task that profiled it. */
  taskId?: string
  failed: boolean
}

/** How the documents of an ended run ended, in the order of their names. */
export async function* documentEnds({ mesh, id, parts, signal }: SubmittedRun): AsyncGenerator<DocumentEnd> {
  for (const [index, names] of parts.entries()) {
    const question = { workflow_id: id, step: profilesName(index + 1), limit: PART_DOCUMENTS }
    const { items } = await mesh.ask('p2p_workflow_status', question, itemsSchema, { signal })
    for (const { item, state, task_id } of items) {
      const name = names[item]
      if (name === undefined) continue
      yield { name, failed: state === 'failed', ...(task_id === undefined ? {} : { taskId: task_id }) }
    }
  }
}

const itemsSchema = z.looseObject({
  items: z.array(z.looseObject({ item: z.number(), state: z.string(), task_id: z.string().optional() })),
})
