import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { packageRoot } from '../package-root.ts'

const manifestSchema = z.object({ version: z.string() })

/** The version in this package's package.json. */
export async function packageVersion(): Promise<string> {
  const text = await readFile(join(packageRoot(), 'package.json'), 'utf8')
  return manifestSchema.parse(JSON.parse(text)).version
}
