import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { JsonObject } from '../../../shared/tools/tool.ts'
import { UsageError } from '../errors.ts'
import { jsonObject } from '../flag-values.ts'

/** The JSON object in a file, or on the standard input for `-`. @throws UsageError */
export async function readDocument(path: string): Promise<JsonObject> {
  if (path === '-') return jsonObject(await text(process.stdin), 'the standard input')
  try {
    return jsonObject(await readFile(path, 'utf8'), path)
  } catch (error) {
    if (error instanceof UsageError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(
      `${path}: cannot be read: ${reason}`,
      'a file with a JSON object, or - for the standard input',
    )
  }
}
