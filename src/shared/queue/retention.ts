import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { BlobReferences } from './bodies/blob-references.ts'
import type { Bodies } from './bodies/bodies.ts'

/** Forgotten in one go, so that no commit waits long behind it. */
const PRUNE_BATCH = 500
/** Milliseconds between batches while there is more. */
const BATCH_PAUSE_MS = 50
/** Milliseconds between looks when nothing was left. */
const LOOK_EVERY_MS = 60_000

export interface RetentionInit {
  /** What is forgotten, for the log. */
  what: 'tasks' | 'workflows'
  /** Forgets at most `max` of those that ended before (epoch ms); `blobs`: what none of the others refers to. */
  prune: (endedBefore: number, max: number) => Promise<{ forgotten: number; blobs: string[] }>
  /** Who may refer to the same blobs. */
  beside: Pick<BlobReferences, 'referred'>
  bodies: Pick<Bodies, 'prune'>
  /** How long what has ended is kept, milliseconds. */
  retentionMs: number
  /** Nothing is forgotten before this resolves; default: at once. */
  mayForget?: Promise<unknown> | undefined
  clock: Clock
  logger: Logger
}

/** Forgets what ended and is old, with its bodies, at once and then about once a minute; returns its end. */
export function keepRetention(init: RetentionInit): () => void {
  const { what, bodies, retentionMs, mayForget, clock, logger } = init
  let stop = () => {}
  let ended = false
  const prune = async () => {
    if (ended) return
    let pause = LOOK_EVERY_MS
    try {
      const { forgotten } = await bodies.prune(() => pruneOnce(init, clock.now() - retentionMs))
      if (forgotten > 0) pause = BATCH_PAUSE_MS
    } catch (error) {
      if (!ended) logger('warning', `old ${what} could not be forgotten`, { error: String(error) })
    }
    if (!ended) stop = clock.after(pause, () => void prune())
  }
  if (mayForget === undefined) void prune()
  else void mayForget.then(prune)
  return () => {
    ended = true
    stop()
  }
}

async function pruneOnce(
  { prune, beside }: RetentionInit,
  endedBefore: number,
): Promise<{ forgotten: number; blobs: string[] }> {
  const { forgotten, blobs } = await prune(endedBefore, PRUNE_BATCH)
  if (blobs.length === 0) return { forgotten, blobs }
  const kept = new Set(await beside.referred(blobs))
  return { forgotten, blobs: blobs.filter(cid => !kept.has(cid)) }
}
