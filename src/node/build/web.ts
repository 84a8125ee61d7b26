import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from '../../shared/logger.ts'
import { type BuildStep, isStale } from './stale.ts'

export interface EnsureWebOptions {
  /** The checkout, absolute. */
  root: string
  logger: Logger
}

/**
 * Builds the pages into `dist/web` when a source of theirs is newer than the last build; the tool manifest
 * (`dist/tools.json`) must be fresh before. Vite is loaded only then: a start with nothing to do costs
 * a few milliseconds.
 *
 * @returns whether it built
 */
export async function ensureWeb({ root, logger }: EnsureWebOptions): Promise<boolean> {
  const step = webStep(root)
  if (!(await isStale(step))) return false
  const started = performance.now()
  // Taken before the build, so that a source that changes meanwhile makes the next start build again.
  const sourcesAt = new Date()
  const { build } = await import('vite')
  await build({ configFile: join(root, 'vite.config.ts'), configLoader: 'native', logLevel: 'warn' })
  await writeFile(step.output, `${sourcesAt.toISOString()}\n`)
  await utimes(step.output, sourcesAt, sourcesAt)
  logger('info', 'web side built', { ms: Math.round(performance.now() - started) })
  return true
}

/** What the pages are made of, and the stamp of their last build. */
export function webStep(root: string): BuildStep {
  return { inputs: INPUTS.map(path => join(root, path)), output: join(root, 'dist', 'web', '.built') }
}

/** Everything that the pages are made of; installed packages stand in the lock file. */
const INPUTS = [
  'web',
  'src/browser',
  'src/shared',
  'tools',
  'dist/tools.json',
  'vite.config.ts',
  'package-lock.json',
]

if (import.meta.main) {
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  const logger: Logger = (level, message, fields) => console.log(level, message, fields ?? '')
  const { ensureManifest } = await import('./manifest.ts')
  await ensureManifest({ root, out: join(root, 'dist', 'tools.json'), logger })
  const built = await ensureWeb({ root, logger })
  if (!built) logger('info', 'web side is fresh')
}
