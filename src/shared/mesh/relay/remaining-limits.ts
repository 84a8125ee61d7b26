import type { ConnectionLimits } from '@libp2p/interface'

/** What a relay still lets through on one relayed connection. */
export interface RemainingLimits {
  /** Bytes, both directions together. */
  bytes?: number
  /** Milliseconds. */
  ms?: number
}

/** In numbers; undefined where there is no limit. libp2p counts seconds. */
export function remainingLimits(limits: ConnectionLimits | undefined): RemainingLimits | undefined {
  if (limits === undefined) return undefined
  const { bytes, seconds } = limits
  return {
    ...(bytes === undefined ? {} : { bytes: Number(bytes) }),
    ...(seconds === undefined ? {} : { ms: seconds * 1000 }),
  }
}
