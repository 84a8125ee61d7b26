import type { Stream } from '@libp2p/interface'
import { afterEach, expect, it } from 'vitest'
import { openStream, received } from './libp2p-pair.fixture.ts'
import { withFewerWindowUpdates } from './window-updates.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** `FrameType.WindowUpdate` of yamux. */
const WINDOW_UPDATE = 1

interface FrameSender {
  sendFrame(header: { type: number }, data?: unknown): boolean
}

/** Counts what a stream sends to have its window filled up. */
function windowUpdatesOf(stream: Stream): () => number {
  let count = 0
  const sender = stream as Stream & FrameSender
  const send = sender.sendFrame
  sender.sendFrame = (header, data) => {
    if (header.type === WINDOW_UPDATE) count += 1
    return send(header, data)
  }
  return () => count
}

/** Sends messages one after the other, each when the one before has come; gives the updates that the receiver sent. */
async function updatesFor(
  wrap: (stream: Stream) => Stream,
  { messages, bytes }: { messages: number; bytes: number },
): Promise<number> {
  const { dialled, accepted, stop } = await openStream()
  stops.push(stop)
  const updates = windowUpdatesOf(accepted)
  const receiver = wrap(accepted)
  for (let message = 0; message < messages; message += 1) {
    const arrival = received(receiver, bytes)
    dialled.send(new Uint8Array(bytes))
    await arrival
  }
  return updates()
}

it('@libp2p/yamux still answers each message with a window update, which is why they are held back', async () => {
  expect(await updatesFor(stream => stream, { messages: 20, bytes: 100 })).toBeGreaterThanOrEqual(20)
})

it('a window is updated when half of it is used', async () => {
  expect(await updatesFor(withFewerWindowUpdates, { messages: 20, bytes: 100 })).toBeLessThanOrEqual(1)
  const updates = await updatesFor(withFewerWindowUpdates, { messages: 20, bytes: 60_000 })
  expect(updates).toBeGreaterThan(2)
  expect(updates).toBeLessThan(15)
})

it('a message of many windows comes through', async () => {
  await updatesFor(withFewerWindowUpdates, { messages: 2, bytes: 3_000_000 })
})
