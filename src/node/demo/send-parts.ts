import { z } from 'zod'
import { ToolmeshError } from '../../shared/errors.ts'
import type { MeshClient } from '../cli/mesh-client.ts'
import { readPart } from './parts.ts'
import { partName } from './report-workflow.ts'
import { whenThereIsRoom } from './when-there-is-room.ts'
import type { SubmittedRun } from './workflow-run.ts'

/** Steps of one page: the most there are. */
const PAGE = 1_000

/** Gives the workflow the parts that it does not have; one at a time is in memory here. */
export async function sendParts({ mesh, id, folder, parts, signal }: SubmittedRun): Promise<void> {
  const has = await partsThere(mesh, id, signal)
  for (const [index, names] of parts.entries()) {
    const name = partName(index + 1)
    if (has.has(name)) continue
    const payload = (await readPart(folder, names, signal)).map(document => ({ ...document }))
    const request = { workflow_id: id, signal: name, payload }
    try {
      await whenThereIsRoom(signal, () => mesh.call('p2p_workflow_signal', request, { signal }))
    } catch (error) {
      // It has ended: what came of it is told by whoever follows it.
      if (error instanceof ToolmeshError && error.code === 'conflict') return
      throw error
    }
  }
}

/** The steps whose part has come. */
async function partsThere(mesh: MeshClient, workflow_id: string, signal: AbortSignal): Promise<Set<string>> {
  const there = new Set<string>()
  let after: number | undefined
  do {
    const question = {
      workflow_id,
      state: ['succeeded'],
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    }
    const page = await mesh.ask('p2p_workflow_status', question, stepsSchema, { signal })
    for (const { id } of page.steps) there.add(id)
    after = page.next_after
  } while (after !== undefined)
  return there
}

const stepsSchema = z.looseObject({
  steps: z.array(z.looseObject({ id: z.string() })),
  next_after: z.number().optional(),
})
