import { generateKeyPair } from '@libp2p/crypto/keys'
import { tcp } from '@libp2p/tcp'
import { systemClock } from '../clock.ts'
import { silentLogger } from '../logger.ts'
import { createMeshHost } from './host.ts'
import type { MeshHost, MeshHostOptions } from './host-contract.ts'
import type { Session } from './session-contract.ts'

/** A host on TCP at a free port of the loopback, open to all. */
export async function tcpHost(options: Partial<MeshHostOptions> = {}): Promise<MeshHost> {
  return createMeshHost({
    transports: [tcp()],
    listen: ['/ip4/127.0.0.1/tcp/0'],
    privateKey: await generateKeyPair('Ed25519'),
    gater: { isGranted: () => true },
    clock: systemClock,
    logger: silentLogger,
    ...options,
  })
}

/** The session that `dialler` opens to `listener`, from both sides. */
export async function openSession(
  dialler: MeshHost,
  listener: MeshHost,
): Promise<{ dialled: Session; accepted: Session }> {
  const arrival = Promise.withResolvers<Session>()
  const stop = listener.onSession(arrival.resolve)
  const dialled = await dialler.connect(listener.addresses(), {
    expect: listener.peerId,
    signal: AbortSignal.timeout(20_000),
  })
  const accepted = await arrival.promise
  stop()
  return { dialled, accepted }
}
