import { constants } from 'node:os'

/** A Ctrl-C reaches a node from the terminal, and again from a program that started it and passes it on: milliseconds. */
const PASSED_ON_WITHIN_MS = 300

/**
 * Resolves with the first SIGINT or SIGTERM from now on. The second one ends the process at once, with the status
 * that shells give to it (130 or 143); what comes within a moment of the first is that one again.
 */
export function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    let heardAt: number | undefined
    const onSignal = (signal: NodeJS.Signals): void => {
      const now = performance.now()
      if (heardAt === undefined) {
        heardAt = now
        resolve(signal)
      } else if (now - heardAt > PASSED_ON_WITHIN_MS) process.exit(128 + constants.signals[signal])
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
}
