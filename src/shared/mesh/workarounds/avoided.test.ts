/** What libp2p is known to get wrong and this mesh does not use: each case pins how it is avoided, and says why. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect, it } from 'vitest'
import { TAB_LISTEN } from '../../../browser/transports/tab-transports.ts'
import { RELAYED_LISTEN } from '../../../node/transports/node-transports.ts'
import { systemClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import { DEFAULT_HOST_LIMITS } from '../host-contract.ts'
import { libp2pOptions } from '../libp2p-options.ts'
import { MeshGuard } from '../limits/mesh-guard.ts'
import { DEFAULT_MESH_LIMITS } from '../limits/peer-limits.ts'

async function options() {
  const gate = { isGranted: () => true }
  const common = { clock: systemClock, logger: silentLogger }
  const guard = new MeshGuard({ ...common, gate, limits: DEFAULT_MESH_LIMITS, onBarred: () => {} })
  const privateKey = await generateKeyPair('Ed25519')
  const host = { ...common, transports: [], listen: [], privateKey, gater: gate }
  return libp2pOptions(host, DEFAULT_HOST_LIMITS, guard)
}

/** Source files of the product that name this. */
function sourcesWith(pattern: RegExp): string[] {
  const root = resolve(import.meta.dirname, '../../..')
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !/\.(test|fixture)\.ts$/.test(name))
    .filter(name => pattern.test(readFileSync(join(root, name), 'utf8')))
}

it('the connection monitor is off: it aborts a connection for one late ping (js-libp2p 3463, 3504)', async () => {
  expect((await options()).connectionMonitor).toMatchObject({ enabled: false })
})

it('libp2p connects to nobody again by itself: its reconnects would dial beside the pool', async () => {
  expect((await options()).connectionManager).toMatchObject({ reconnectRetries: 0 })
})

it('a relay slot is asked for by `/p2p-circuit` alone: a named relay is asked once and never again (js-libp2p 3601)', () => {
  expect([...TAB_LISTEN, ...RELAYED_LISTEN]).toEqual(['/p2p-circuit', '/webrtc', '/p2p-circuit', '/webrtc'])
})

it("nobody waits by a stream's onDrain(), which resolves at once after its first use, so that memory grows", () => {
  expect(sourcesWith(/\.onDrain\(/)).toEqual([])
})

it('sessions and blobs are not read by lpStream or byteStream, which reset a stream with 4 MiB unread', () => {
  const readers = sourcesWith(/\b(lpStream|byteStream)\(/)
  expect(readers.filter(name => /mesh\/(move\/)?(session|message|blob|outgoing|move)/.test(name))).toEqual([])
})

it("sessions are dialled without libp2p's dial queue, which joins dials to one peer and tries addresses one by one", () => {
  expect(sourcesWith(/libp2p\.dial(Protocol)?\(/)).toEqual([])
})
