import { tcp } from '@libp2p/tcp'
import { webRTC } from '@libp2p/webrtc'
import { systemClock } from '../../clock.ts'
import type { MeshHost, MeshHostOptions } from '../host-contract.ts'
import { tcpHost } from '../mesh-pair.fixture.ts'
import { persistentRelayTransport } from '../workarounds/relay-retry.ts'
import { withoutShutdownLeak } from '../workarounds/webrtc-leak.ts'
import { withShortTries } from '../workarounds/webrtc-race.ts'

/** A host that is reached through relays alone. */
export function hiddenHost(options: Partial<MeshHostOptions> = {}): Promise<MeshHost> {
  return tcpHost({
    transports: [
      tcp(),
      withShortTries(withoutShutdownLeak(webRTC({ rtcConfiguration: { iceServers: [] } }))),
      persistentRelayTransport({ clock: systemClock }),
    ],
    listen: ['/p2p-circuit', '/webrtc'],
    ...options,
  })
}

/** A relay, and two hosts that have a session with it and can be reached through it. */
export async function relayed(
  relayOptions: Partial<MeshHostOptions> = {},
  hidden: Partial<MeshHostOptions> = {},
): Promise<{ relay: MeshHost; left: MeshHost; right: MeshHost; close(): Promise<void> }> {
  const [relay, left, right] = await Promise.all([
    tcpHost({ relayServer: true, ...relayOptions }),
    hiddenHost(hidden),
    hiddenHost(hidden),
  ])
  const to = { expect: relay.peerId, signal: AbortSignal.timeout(20_000) }
  await Promise.all([left, right].map(host => host.connect(relay.addresses(), to)))
  await Promise.all([slotOf(left), slotOf(right)])
  return {
    relay,
    left,
    right,
    async close() {
      await Promise.all([left, right].map(host => host.close()))
      await relay.close()
    },
  }
}

/** The address of a host through its relay, once it has a slot there. */
export async function slotOf(host: MeshHost): Promise<string> {
  for (;;) {
    const found = host.addresses().find(isPlainSlot)
    if (found !== undefined) return found
    const changed = Promise.withResolvers<void>()
    const stop = host.onAddresses(() => changed.resolve())
    if (!host.addresses().some(isPlainSlot)) await changed.promise
    stop()
  }
}

function isPlainSlot(address: string): boolean {
  return address.includes('/p2p-circuit/p2p/')
}
