/** When tasks of rate keys were started before this run, as far as that is known. */
export interface PastStarts {
  /** Starts by gate (`rateGateId`), ascending, epoch milliseconds. */
  starts: ReadonlyMap<string, readonly number[]>
  /** Before this time (epoch ms) a key may have been used in full; 0: all that counts is in `starts`. */
  unknownUntil: number
}

/** The gate of a rate key, which belongs to its principal. */
export function rateGateId(principal: string, key: string): string {
  return JSON.stringify(['r', principal, key])
}
