import type { Path } from '../session-contract.ts'

/** The steps from an address to a peer that can be worked with, in their order. */
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
  /** Multiaddr. */
  address: string
  path: Path
  /** `superseded`: another address was faster. */
  outcome: 'connected' | 'failed' | 'superseded'
  /** Milliseconds in all. */
  ms: number
  /** Those that were begun; the last one failed where the outcome says so. */
  steps: StepReport[]
}
