import type { MeshClient } from '../cli/mesh-client.ts'
import { contributions } from './contributions.ts'
import { documentEnds } from './document-ends.ts'
import { partsOf } from './parts.ts'
import type { DemoResult } from './print-report.ts'
import { showProgress } from './progress.ts'
import { reportOf } from './report.ts'
import { sendParts } from './send-parts.ts'
import { followRun, submitRun } from './workflow-run.ts'

export interface DemoOptions {
  mesh: MeshClient
  /** Absolute. */
  folder: string
  query: string
  runId: string
  /** Labels of the peers that may run a step. */
  requires: readonly string[]
  signal: AbortSignal
  /** Where progress is shown. */
  out: NodeJS.WriteStream
}

/**
 * Runs one workflow over every document of a folder and reports what they hold.
 * @throws NoDocumentsError, TooManyDocumentsError, and what the workflow failed with
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { mesh, folder, signal, out } = options
  const started = performance.now()
  const { parts, documents, skipped } = await partsOf(folder, signal)
  const progress = await showProgress(out)
  try {
    const onProgress = (ended: number) => progress.update(ended, documents)
    const run = await submitRun({ ...options, parts, onProgress })
    const [findings] = await Promise.all([followRun(run), sendParts(run)])
    const seconds = (performance.now() - started) / 1000
    const failed: string[] = []
    const taskIds = new Set<string>()
    for await (const end of documentEnds(run)) {
      if (end.failed) failed.push(end.name)
      if (end.taskId !== undefined) taskIds.add(end.taskId)
    }
    const workers = await contributions(mesh, taskIds, signal)
    return { workflow_id: run.id, ...reportOf(findings, skipped, failed), seconds, workers }
  } finally {
    progress.end()
  }
}
