/** Remembers a run that has not ended, so that the same command after a crash takes up its tasks and does not start anew. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'

const recordSchema = z.object({ run_id: z.string(), url: z.string(), folder: z.string() })

export interface RunRecord {
  runId: string
  /** Whether a run of the same folder on the same node was interrupted, and this goes on with it. */
  resumed: boolean
  /** The run has ended: the next one is a new one. */
  ended(): Promise<void>
}

/** @param file where the record is kept */
export async function openRunRecord(file: string, run: { url: string; folder: string }): Promise<RunRecord> {
  const earlier = await readRecord(file)
  const resumed = earlier?.url === run.url && earlier.folder === run.folder
  const runId = resumed ? earlier.run_id : crypto.randomUUID()
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(file, JSON.stringify({ run_id: runId, ...run }))
  return { runId, resumed, ended: () => rm(file, { force: true }) }
}

async function readRecord(file: string): Promise<z.output<typeof recordSchema> | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return undefined
  }
}
