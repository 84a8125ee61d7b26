import type { Clock } from '../../clock.ts'
import type { KeptState, SessionPool } from '../pool/session-pool-contract.ts'

/** Milliseconds until the next peer is tried after one that failed, and after all have refused. */
const NEXT_MS = 2_000
const ALL_REFUSED_MS = 10 * 60_000

export interface KeepBootstrapSessionInit {
  pool: Pick<SessionPool, 'keep'>
  /** Multiaddrs by peer id; at least one. */
  peers: ReadonlyMap<string, readonly string[]>
  clock: Clock
  /** In [0, 1). */
  random: () => number
}

/**
 * Keeps a session with one of the peers to begin with, so that there is somebody to exchange with. The next one takes its
 * place when it fails; one that gives no grant is left alone for a while. The returned function ends it.
 */
export function keepBootstrapSession({ pool, peers, clock, random }: KeepBootstrapSessionInit): () => void {
  const order = [...peers.keys()]
  let at = Math.floor(random() * order.length)
  let refused = 0
  let current = new AbortController()
  let takeBack = () => {}

  function keep(): void {
    const peerId = order[at % order.length] ?? ''
    current = new AbortController()
    const mine = current
    pool.keep(peerId, {
      addresses: () => peers.get(peerId) ?? [],
      signal: mine.signal,
      onState: state => {
        if (!mine.signal.aborted) onState(state)
      },
    })
  }

  function onState({ phase }: KeptState): void {
    if (phase === 'online') refused = 0
    if (phase === 'stopped') {
      refused += 1
      next(refused >= order.length ? ALL_REFUSED_MS : NEXT_MS)
    }
    // The only one is tried again by the pool itself, with its backoff.
    if (phase === 'waiting' && order.length > 1) next(NEXT_MS)
  }

  function next(ms: number): void {
    current.abort()
    at += 1
    takeBack = clock.after(ms * (0.5 + random()), () => {
      if (refused >= order.length) refused = 0
      keep()
    })
  }

  keep()
  return () => {
    takeBack()
    current.abort()
  }
}
