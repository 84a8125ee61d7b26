/** What the page of the benchmark runs: the tab's transports, the session, and the same measurement as in Node. */
import '../../src/browser/zod-jitless.ts'
import { tabTransports } from '../../src/browser/transports/tab-transports.ts'
import { dialAndMeasure, type Measured } from './dial.ts'

declare global {
  var measureFrom: (peerId: string, address: string, secret: string) => Promise<Measured>
}

globalThis.measureFrom = (peerId, address, secret) =>
  dialAndMeasure({ transports: tabTransports(), peerId, address, secret })
