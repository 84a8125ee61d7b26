import type { Tone } from '../../design/status.ts'
import type { KnownPeer } from '../../feed/known-peer-schemas.ts'

/** How a peer is to this node, in a word; and what that means. */
export function standingOf({
  connected,
  draining,
  standing,
}: Pick<KnownPeer, 'connected' | 'draining' | 'standing'>): {
  tone: Tone
  word: string
  meaning: string
} {
  if (standing === 'barred')
    return {
      tone: 'bad',
      word: 'left alone',
      meaning: 'It went over a limit, and is let in again after a while.',
    }
  if (connected && draining)
    return { tone: 'warn', word: 'ending', meaning: 'It ends what it runs and gets nothing new.' }
  if (connected)
    return {
      tone: 'ok',
      word: 'connected',
      meaning:
        standing === 'granted' ? 'There is a session, and a grant.' : 'There is a session, and no grant.',
    }
  if (standing === 'heard')
    return { tone: 'muted', word: 'heard of', meaning: 'Others told of it; this node has not met it.' }
  return { tone: 'muted', word: 'away', meaning: 'It was connected before.' }
}
