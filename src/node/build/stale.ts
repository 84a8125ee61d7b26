import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** What an output was made from. */
export interface BuildStep {
  /** Files and folders, absolute; a folder stands for everything below it, except `node_modules` and dot files. */
  inputs: readonly string[]
  /** The file that the step writes last, absolute. */
  output: string
}

/**
 * Whether a build step has to run again: its output is missing or older than an input. The time of a folder
 * counts too, so that a deleted or renamed file is noticed. Inputs that do not exist count for nothing.
 * Costs one `stat` for each input: a few milliseconds for a few hundred files.
 */
export async function isStale({ inputs, output }: BuildStep): Promise<boolean> {
  const made = await modifiedAt(output)
  if (made === undefined) return true
  const newest = await Promise.all(inputs.map(newestBelow))
  return newest.some(time => time > made)
}

async function newestBelow(path: string): Promise<number> {
  const own = (await modifiedAt(path)) ?? 0
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  const below = entries
    .filter(({ name }) => name !== 'node_modules' && !name.startsWith('.'))
    .map(entry =>
      entry.isDirectory() ? newestBelow(join(path, entry.name)) : modifiedAt(join(path, entry.name)),
    )
  return (await Promise.all(below)).reduce<number>((newest, time) => Math.max(newest, time ?? 0), own)
}

async function modifiedAt(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )
}
