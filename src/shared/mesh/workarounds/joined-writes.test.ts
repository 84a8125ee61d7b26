import type { MultiaddrConnection, Upgrader } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { expect, it } from 'vitest'
import { withJoinedWrites } from './joined-writes.ts'
import { openStream, received } from './libp2p-pair.fixture.ts'
import type { TransportFactory } from './transport-factory.ts'

/** The most pieces in which one of the records for `bytes` bytes comes to the connection, which writes each by itself. */
async function mostPieces(encrypter: ReturnType<typeof noise>, bytes: number): Promise<number> {
  let most = 0
  const watch = (connection: MultiaddrConnection): void => {
    const send = connection.send.bind(connection)
    connection.send = data => {
      most = Math.max(most, data instanceof Uint8Array ? 1 : [...data].length)
      return send(data)
    }
  }
  const { dialled, accepted, stop } = await openStream({
    transports: [watched(watch)],
    connectionEncrypters: [encrypter],
  })
  try {
    // What was said before there was encryption does not count.
    most = 0
    const arrival = received(accepted, bytes)
    dialled.send(new Uint8Array(bytes))
    await arrival
    return most
  } finally {
    await stop()
  }
}

/** TCP that shows each connection that it dialled before anything is written to it. */
function watched(watch: (connection: MultiaddrConnection) => void): TransportFactory {
  return components => {
    const transport = tcp()(components)
    const dial = transport.dial.bind(transport)
    transport.dial = (address, options) => {
      const upgradeOutbound: Upgrader['upgradeOutbound'] = (connection, upgradeOptions) => {
        watch(connection)
        return options.upgrader.upgradeOutbound(connection, upgradeOptions)
      }
      const upgradeInbound = options.upgrader.upgradeInbound.bind(options.upgrader)
      return dial(address, { ...options, upgrader: { ...options.upgrader, upgradeOutbound, upgradeInbound } })
    }
    return transport
  }
}

it('@libp2p/noise still hands over a record in pieces, which is why they are joined', async () => {
  expect(await mostPieces(noise(), 10_000)).toBeGreaterThan(3)
})

it.each([100, 10_000, 1_000_000])('each record is written in one piece: %i bytes', async bytes => {
  expect(await mostPieces(withJoinedWrites(noise()), bytes)).toBe(1)
})
