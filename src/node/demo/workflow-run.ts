/** A workflow of the demo on a node: submitted, given its documents, followed to its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { cidOf } from '../../shared/artifacts/cid.ts'
import { errorFromFacts, ToolmeshError } from '../../shared/errors.ts'
import { errorFacts } from '../../shared/mcp/error-facts.ts'
import type { JsonObject } from '../../shared/tools/tool.ts'
import { ENDED_WORKFLOW, STEP_STATES, WORKFLOW_STATES } from '../../shared/workflow/workflow.ts'
import type { MeshClient } from '../cli/mesh-client.ts'
import { readPart } from './parts.ts'
import { type Findings, partName, profilesName, reportWorkflow } from './report-workflow.ts'

/** Pause before another try where the node takes no more just now and names no time itself, ms. */
const FULL_PAUSE_MS = 1_000
/** Entries of one page of steps or items: the most there are. */
const PAGE = 1_000

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
    labels: { demo: runId },
    metadata: { folder },
  }
  const { workflow_id } = await whenThereIsRoom(signal, () =>
    mesh.ask('p2p_workflow_submit', request, receiptSchema, { signal }),
  )
  return { ...options, id: workflow_id }
}

const receiptSchema = z.looseObject({ workflow_id: z.string() })

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
    const question = { workflow_id: id, step: profilesName(index + 1), limit: PAGE }
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

async function whenThereIsRoom<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ToolmeshError) || error.code !== 'queue_full') throw error
      await sleep(error.details.retry_after_ms ?? FULL_PAUSE_MS, undefined, { signal })
    }
  }
}
