import type { MeshClient } from '../cli/mesh-client.ts'
import { contributions } from './contributions.ts'
import { documentNames } from './documents.ts'
import { NoDocumentsError } from './errors.ts'
import type { DemoResult } from './print-report.ts'
import { profileDocuments } from './profile-run.ts'
import { showProgress } from './progress.ts'
import { makeReport } from './report.ts'

export interface DemoOptions {
  mesh: MeshClient
  /** Absolute. */
  folder: string
  query: string
  runId: string
  /** Labels of the peers that may run a document. */
  requires: readonly string[]
  signal: AbortSignal
  /** Where progress is shown. */
  out: NodeJS.WriteStream
}

/** Profiles every document of a folder on the mesh and reports what they hold. @throws NoDocumentsError */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { mesh, folder, signal, out } = options
  const started = performance.now()
  const names = await documentNames(folder, signal)
  if (names.length === 0) throw new NoDocumentsError(folder)
  const progress = await showProgress(out)
  const run = await profileDocuments({
    ...options,
    names,
    onProgress: ({ documents, ended }) => progress.update(ended, documents),
  }).finally(() => progress.end())
  const seconds = (performance.now() - started) / 1000
  const { report, cid } = await makeReport(run, options)
  return { report, cid, seconds, workers: await contributions(mesh, run.taskIds, signal) }
}
