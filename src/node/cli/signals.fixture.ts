/** A process that takes its time to end after the first signal. */
import { firstSignal } from './signals.ts'

const signal = firstSignal()
setTimeout(() => {}, 60_000)
process.stdout.write('ready\n')
await signal
process.stdout.write('ending\n')
