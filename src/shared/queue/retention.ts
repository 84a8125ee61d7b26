import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { Bodies } from './bodies/bodies.ts'
import type { QueueStore } from './store/store.ts'

/** Tasks forgotten in one go, so that no commit waits long behind it. */
const PRUNE_BATCH = 500
/** Milliseconds between batches while there is more. */
const BATCH_PAUSE_MS = 50
/** Milliseconds between looks when nothing was left. */
const LOOK_EVERY_MS = 60_000

export interface RetentionInit {
  store: Pick<QueueStore, 'prune'>
  bodies: Pick<Bodies, 'prune'>
  /** How long an ended task is kept, milliseconds. */
  retentionMs: number
  clock: Clock
  logger: Logger
}

/** Forgets ended tasks that are old, with their bodies, at start and then about once a minute; returns its end. */
export function keepRetention({ store, bodies, retentionMs, clock, logger }: RetentionInit): () => void {
  let stop = () => {}
  let ended = false
  const prune = async () => {
    let pause = LOOK_EVERY_MS
    try {
      const tasks = await bodies.prune(() => store.prune(clock.now() - retentionMs, PRUNE_BATCH))
      if (tasks === PRUNE_BATCH) pause = BATCH_PAUSE_MS
    } catch (error) {
      if (!ended) logger('warning', 'old tasks could not be forgotten', { error: String(error) })
    }
    if (!ended) stop = clock.after(pause, () => void prune())
  }
  void prune()
  return () => {
    ended = true
    stop()
  }
}
