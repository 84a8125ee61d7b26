/** The matrix peer of a tab, driven through the page. */
import '../../src/browser/zod-jitless.ts'
import { TAB_LISTEN, tabTransports } from '../../src/browser/transports/tab-transports.ts'
import { type MatrixPeer, startMatrixPeer } from './matrix-peer.ts'

declare global {
  var matrixPeer: Promise<MatrixPeer>
}

globalThis.matrixPeer = startMatrixPeer({ transports: tabTransports(), listen: TAB_LISTEN })
