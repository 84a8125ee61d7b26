/** The workflow of a run of the demo: submitted, and followed to its end. */
import { z } from 'zod'
import { cidOf } from '../../shared/artifacts/cid.ts'
import { errorFromFacts } from '../../shared/errors.ts'
import { errorFacts } from '../../shared/mcp/error-facts.ts'
import type { JsonObject } from '../../shared/tools/tool.ts'
import { ENDED_WORKFLOW, STEP_STATES, WORKFLOW_STATES } from '../../shared/workflow/workflow.ts'
import type { MeshClient } from '../cli/mesh-client.ts'
import { type Findings, reportWorkflow } from './report-workflow.ts'
import { whenThereIsRoom } from './when-there-is-room.ts'

export interface RunOptions {
  mesh: MeshClient
  folder: string
  parts: readonly (readonly string[])[]
  query: string
  /** Labels that a peer must have to run a step. */
  requires: readonly string[]
  /** The same run started again takes up the workflow of before. */
  runId: string
  signal: AbortSignal
  /** Called with how many documents have ended. */
  onProgress(ended: number): void
}

/** A workflow that was submitted. */
export interface SubmittedRun extends RunOptions {
  id: string
}

/** Submits the workflow; the same again where this run had submitted it before. */
export async function submitRun(options: RunOptions): Promise<SubmittedRun> {
  const { mesh, folder, parts, query, requires, runId, signal } = options
  const definition = reportWorkflow({ parts: parts.map(names => names.length), query, requires })
  const request: JsonObject = {
    workflow: JSON.parse(JSON.stringify(definition)),
    // Other documents, another question or other workers make another workflow of it.
    idempotency_key: `demo/${runId}/${cidOf({ parts: parts.map(names => [...names]), query, requires: [...requires] })}`,
    metadata: { folder },
  }
  const { workflow_id } = await whenThereIsRoom(signal, () =>
    mesh.ask('p2p_workflow_submit', request, receiptSchema, { signal }),
  )
  return { ...options, id: workflow_id }
}

const receiptSchema = z.looseObject({ workflow_id: z.string() })

/** Tells how far it is until it has ended. @throws ToolmeshError that it failed or was cancelled with */
export async function followRun({ mesh, id, signal, onProgress }: SubmittedRun): Promise<Findings> {
  const uri = `mesh://workflows/${encodeURIComponent(id)}`
  const watch = await mesh.watch(uri)
  const stopped = Promise.withResolvers<never>()
  stopped.promise.catch(() => {})
  const stop = () => stopped.reject(signal.reason)
  signal.addEventListener('abort', stop)
  try {
    for (;;) {
      signal.throwIfAborted()
      const { state, steps } = await mesh.read(uri, viewSchema)
      onProgress(steps.reduce((sum, { items }) => sum + (items?.succeeded ?? 0) + (items?.failed ?? 0), 0))
      if (ENDED_WORKFLOW.has(state)) break
      await Promise.race([watch.changed(), stopped.promise])
    }
  } finally {
    signal.removeEventListener('abort', stop)
  }
  const { result, error } = await mesh.ask('p2p_workflow_result', { workflow_id: id }, outcomeSchema, {
    signal,
  })
  if (error !== undefined) throw errorFromFacts({ ...error, message: `workflow ${id}: ${error.message}` })
  return findingsSchema.parse(result)
}

const viewSchema = z.looseObject({
  state: z.enum(WORKFLOW_STATES),
  steps: z.array(
    z.looseObject({
      state: z.enum(STEP_STATES),
      items: z.object({ succeeded: z.number(), failed: z.number() }).optional(),
    }),
  ),
})

const findingsSchema: z.ZodType<Findings> = z.object({
  documents: z.number(),
  near_duplicates: z.array(z.array(z.string())),
  keywords: z.array(z.object({ keyword: z.string(), documents: z.number() })),
  profiles_cid: z.string(),
  query: z.string(),
  answers: z.array(z.object({ name: z.string(), score: z.number() })),
})

const outcomeSchema = z.looseObject({ result: z.json().optional(), error: errorFacts.optional() })
