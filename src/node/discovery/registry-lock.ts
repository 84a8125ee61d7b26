import { randomUUID } from 'node:crypto'
import { link, open, rename, rm, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { RegistryLockedError } from './errors.ts'

/** A lock older than this was left by a writer that died, milliseconds; a write takes some. */
const STALE_LOCK_MS = 10_000
/** Milliseconds between two tries, at most; a random part of it is waited. */
const TRY_MS = 40
/** Milliseconds that a writer waits for its turn. */
const WAIT_MS = 15_000

/**
 * Runs `work` while no other process does, by a file beside the registry that only one can make. Throws RegistryLockedError
 * when its turn does not come. A lock that is stolen from a writer that still lives costs one entry, until its peer
 * publishes again.
 */
export async function withRegistryLock<T>(
  path: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const lock = `${path}.lock`
  const until = performance.now() + WAIT_MS
  while (!(await taken(lock))) {
    signal.throwIfAborted()
    if (performance.now() > until) throw new RegistryLockedError(path)
    await stealIfStale(lock)
    await sleep(Math.random() * TRY_MS, undefined, { signal })
  }
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

async function taken(lock: string): Promise<boolean> {
  try {
    await (await open(lock, 'wx', 0o644)).close()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Moved aside first: of several that steal at once one gets it, and a lock that is a new one meanwhile is put back. */
async function stealIfStale(lock: string): Promise<void> {
  const before = await stat(lock).catch(() => undefined)
  if (before === undefined || Date.now() - before.mtimeMs < STALE_LOCK_MS) return
  const aside = `${lock}.${randomUUID()}`
  try {
    await rename(lock, aside)
    if ((await stat(aside)).ino !== before.ino) await link(aside, lock)
  } catch {
    // Somebody else was faster.
  } finally {
    await rm(aside, { force: true })
  }
}
