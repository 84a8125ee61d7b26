import type { Path } from '../session-contract.ts'

/**
 * The steps from an address to a peer that can be worked with, in their order. Those of a transport that encrypts by itself
 * are part of `dial`; `multiplex` is its own only where the secure channel has not settled it; `identify` runs beside
 * `session`, and is there when it ended first; `authority` is added by who asks what the peer allows.
 */
export type DialStep = 'resolve' | 'dial' | 'secure' | 'multiplex' | 'identify' | 'session' | 'authority'

export interface StepReport {
  step: DialStep
  /** Milliseconds that it took, or until it failed. */
  ms: number
  error?: { code: string; message: string }
}

/** What became of one address. */
export interface DialReport {
  peer_id: string
  /** Multiaddr, as it was given; a name that stands for several addresses gives a report for each. */
  address: string
  path: Path
  /** `superseded`: it was given up before it ended, as another address was faster or nobody waited any more. */
  outcome: 'connected' | 'failed' | 'superseded'
  /** Milliseconds in all. */
  ms: number
  /** Those that were begun; the last one failed where the outcome says so. */
  steps: StepReport[]
}
