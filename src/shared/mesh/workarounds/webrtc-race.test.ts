import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Connection, Transport } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import type { TransportFactory } from './transport-factory.ts'
import { withShortTries } from './webrtc-race.ts'

const ADDRESS = multiaddr('/ip4/127.0.0.1/tcp/1')

/** A transport whose first `hanging` dials hang until they are aborted. */
function hangingFirst(hanging: number): { factory: TransportFactory; dials: () => number } {
  let dials = 0
  const dial: Transport['dial'] = async (_, { signal }) => {
    dials += 1
    if (dials > hanging) return {} as Connection
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  }
  return { factory: () => ({ dial }) as unknown as Transport, dials: () => dials }
}

function dialWith(factory: TransportFactory, signal: AbortSignal): Promise<unknown> {
  const transport = factory({} as Parameters<TransportFactory>[0])
  return transport.dial(ADDRESS, { signal } as Parameters<Transport['dial']>[1])
}

describe('a webrtc dial', () => {
  it('still waits in @libp2p/webrtc for a channel that may have opened and closed, which is why it is tried again', async () => {
    const source = await readFile(
      resolve('node_modules/@libp2p/webrtc/dist/src/private-to-private/initiate-connection.js'),
      'utf8',
    )
    expect(source).toContain("await pEvent(channel, 'open'")
  })

  it('is tried again when it hangs', async () => {
    const { factory, dials } = hangingFirst(2)
    await dialWith(withShortTries(factory, [10, 10]), AbortSignal.timeout(20_000))
    expect(dials()).toBe(3)
  })

  it('ends when its caller gives up', async () => {
    const { factory, dials } = hangingFirst(9)
    await expect(dialWith(withShortTries(factory, [60_000]), AbortSignal.timeout(10))).rejects.toThrow()
    expect(dials()).toBe(1)
  })
})
