/** One task for each document, with only so many under way at once that thousands of documents need no more memory than hundreds. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { cidOf } from '../../shared/artifacts/cid.ts'
import { ToolmeshError } from '../../shared/errors.ts'
import type { Json } from '../../shared/tools/tool.ts'
import type { MeshClient } from '../cli/mesh-client.ts'
import { type Document, readDocument, type SkipReason } from './documents.ts'

/** Documents of one submission, at most, and the bytes of text at which it goes out before. */
const BATCH_DOCUMENTS = 32
const BATCH_CHARS = 1_000_000
/** Tasks waited for at once: enough to keep a mesh of dozens of workers busy while answers travel. */
const WAITING_TASKS = 128
/** How long one question for a result waits for the task's end, ms, before it is asked again. */
const RESULT_WAIT_MS = 20_000
/** Pause before another try where the queue is full and names no time itself, ms. */
const QUEUE_FULL_PAUSE_MS = 1_000

export interface ProfileRunOptions {
  mesh: MeshClient
  folder: string
  names: readonly string[]
  /** Names this run in idempotency keys: the same run started again takes up the tasks of before. */
  runId: string
  /** Labels that a peer must have to run a document. */
  requires: readonly string[]
  signal: AbortSignal
  /** Called when a document is done or skipped, with how many are left out and how many ended. */
  onProgress(counts: { documents: number; ended: number }): void
}

const profileSchema = z.looseObject({
  keywords: z.array(z.looseObject({ term: z.string() })),
  minhash: z.looseObject({ signature: z.array(z.number()), shingles: z.number() }),
})

/** What the report needs of one document's profile. */
export interface Profile {
  name: string
  keywords: string[]
  /** Empty for a document without words: it is like no other. */
  signature: number[]
  /** CID of the whole profile. */
  cid: string
}

export interface ProfileRun {
  /** In the order of the documents' names. */
  profiles: Profile[]
  skipped: Map<SkipReason, number>
  failed: { name: string; message: string }[]
  taskIds: Set<string>
}

const receiptsSchema = z.object({
  tasks: z.array(
    z.object({ task_id: z.string().optional(), error: z.object({ message: z.string() }).optional() }),
  ),
})

const resultSchema = z.looseObject({
  state: z.string(),
  result: z.json().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
})

const ENDED = new Set(['succeeded', 'failed', 'cancelled', 'expired'])

/** Runs `document_profile` over all documents on whoever is in the mesh. */
export async function profileDocuments(options: ProfileRunOptions): Promise<ProfileRun> {
  const run: ProfileRun = { profiles: [], skipped: new Map(), failed: [], taskIds: new Set() }
  const waiting = new Set<Promise<void>>()
  const report = (): void => {
    const skipped = [...run.skipped.values()].reduce((sum, count) => sum + count, 0)
    const ended = run.profiles.length + run.failed.length
    options.onProgress({ documents: options.names.length - skipped, ended })
  }
  for await (const batch of batches(options, run)) {
    for (const { name, taskId } of await submit(batch, options, run)) {
      while (waiting.size >= WAITING_TASKS) await Promise.race(waiting)
      const one = collect(name, taskId, options, run).then(() => {
        waiting.delete(one)
        report()
      })
      waiting.add(one)
    }
    report()
  }
  await Promise.all(waiting)
  run.profiles.sort((a, b) => (a.name < b.name ? -1 : 1))
  run.failed.sort((a, b) => (a.name < b.name ? -1 : 1))
  return run
}

async function* batches(
  { folder, names, signal }: ProfileRunOptions,
  run: ProfileRun,
): AsyncGenerator<Document[]> {
  let batch: Document[] = []
  let chars = 0
  for (const name of names) {
    signal.throwIfAborted()
    const document = await readDocument(folder, name)
    if (typeof document === 'string') {
      run.skipped.set(document, (run.skipped.get(document) ?? 0) + 1)
      continue
    }
    batch.push(document)
    chars += document.text.length
    if (batch.length < BATCH_DOCUMENTS && chars < BATCH_CHARS) continue
    yield batch
    batch = []
    chars = 0
  }
  if (batch.length > 0) yield batch
}

async function submit(
  batch: readonly Document[],
  { mesh, runId, requires, signal }: ProfileRunOptions,
  run: ProfileRun,
): Promise<{ name: string; taskId: string }[]> {
  const tasks = batch.map(({ name, text }) => ({
    tool: 'document_profile',
    params: { name, text },
    requires: [...requires],
    idempotency_key: `demo/${runId}/${cidOf({ name, text })}`,
  }))
  const receipts = await whenThereIsRoom(signal, () =>
    mesh.ask('p2p_taskqueue_submit', { tasks }, receiptsSchema, { signal }),
  )
  return batch.flatMap(({ name }, index) => {
    const receipt = receipts.tasks[index]
    if (receipt?.task_id === undefined) {
      run.failed.push({ name, message: receipt?.error?.message ?? 'was not accepted' })
      return []
    }
    run.taskIds.add(receipt.task_id)
    return [{ name, taskId: receipt.task_id }]
  })
}

async function whenThereIsRoom<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ToolmeshError) || error.code !== 'queue_full') throw error
      await sleep(error.details.retry_after_ms ?? QUEUE_FULL_PAUSE_MS, undefined, { signal })
    }
  }
}

async function collect(
  name: string,
  taskId: string,
  { mesh, signal }: ProfileRunOptions,
  run: ProfileRun,
): Promise<void> {
  const question = { task_id: taskId, wait_ms: RESULT_WAIT_MS }
  for (;;) {
    const { state, result, error } = await mesh.ask('p2p_taskqueue_get_result', question, resultSchema, {
      signal,
    })
    if (!ENDED.has(state)) continue
    if (state === 'succeeded') run.profiles.push(profileOf(name, result))
    else run.failed.push({ name, message: error?.message ?? state })
    return
  }
}

function profileOf(name: string, result: Json = null): Profile {
  const { keywords, minhash } = profileSchema.parse(result)
  const signature = minhash.shingles === 0 ? [] : minhash.signature
  return { name, keywords: keywords.map(({ term }) => term), signature, cid: cidOf(result) }
}
