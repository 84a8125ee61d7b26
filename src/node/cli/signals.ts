import { constants } from 'node:os'

/**
 * Resolves with the first SIGINT or SIGTERM from now on. The second one ends the process at once, with the status
 * that shells give to it (130 or 143).
 */
export function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    let heard = false
    const onSignal = (signal: NodeJS.Signals): void => {
      if (heard) process.exit(128 + constants.signals[signal])
      heard = true
      resolve(signal)
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
}
