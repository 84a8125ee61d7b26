/** What the page of the benchmark runs: the tab's transports, the session, and the same measurement as in Node. */
import '../../src/browser/zod-jitless.ts'
import { tabTransports } from '../../src/browser/transports/tab-transports.ts'
import { dialAndMeasure, type Measured } from './dial.ts'

declare global {
  var measureFrom: (address: string, secret: string) => Promise<Measured>
}

globalThis.measureFrom = (address, secret) => dialAndMeasure({ transports: tabTransports(), address, secret })
