import type { Logger } from '@libp2p/interface'
import { expect, it } from 'vitest'
import type { ByteStream } from './byte-stream.ts'
import { SessionStream } from './session-stream.ts'

const log: Logger = Object.assign(() => {}, {
  error() {},
  trace() {},
  enabled: false,
  newScope: () => log,
})

/** A stream driven by hand, which keeps what was asked of it. */
function byHand() {
  const waiting: (Uint8Array | undefined | Error)[] = []
  let reader: (() => void) | undefined
  const calls: string[] = []
  const room = Promise.withResolvers<void>()
  const unread = Promise.withResolvers<void>()
  let reads = 0
  const bytes: ByteStream = {
    async read() {
      reads += 1
      while (waiting.length === 0) await new Promise<void>(resolve => (reader = resolve))
      const next = waiting.shift()
      if (next instanceof Error) throw next
      return next
    },
    write: () => false,
    writable: () => room.promise,
    end: async () => void calls.push('end'),
    reset: () => void calls.push('reset'),
    stop: () => void calls.push('stop'),
    unread: unread.promise,
  }
  const stream = new SessionStream(bytes, {
    id: '1',
    direction: 'inbound',
    log: log,
  })
  return {
    stream,
    calls,
    room,
    unread,
    reads: () => reads,
    give(...what: (Uint8Array | undefined | Error)[]) {
      waiting.push(...what)
      reader?.()
    },
  }
}

const settled = () => new Promise(resolve => setTimeout(resolve, 0))

it('tells of an end that came before anybody listened, after the data that came before it', async () => {
  const { stream, give } = byHand()
  give(Uint8Array.of(1, 2), undefined)
  await settled()
  const heard: unknown[] = []
  stream.addEventListener('message', ({ data }) => heard.push(data.byteLength))
  stream.addEventListener('remoteCloseWrite', () => heard.push('end'))
  await settled()
  expect(heard).toEqual([2, 'end'])
})

it('is over when its own side ends too, without anybody who listens', async () => {
  const { stream, give, calls } = byHand()
  give(undefined)
  await settled()
  expect(stream.status).toBe('open')
  await stream.close()
  expect([stream.status, calls]).toEqual(['closed', ['end']])
})

it('is over when it wants to read no more and has ended, whatever the other side does', async () => {
  const { stream, calls } = byHand()
  await stream.close()
  await stream.closeRead()
  expect([stream.status, calls]).toEqual(['closed', ['end', 'stop']])
})

it('reads little of what nobody takes, and goes on when somebody does', async () => {
  const { stream, give, reads } = byHand()
  const chunk = new Uint8Array(256 * 1024)
  give(...Array.from({ length: 8 }, () => chunk))
  await settled()
  expect(reads()).toBeLessThan(4)
  let taken = 0
  stream.addEventListener('message', ({ data }) => {
    taken += data.byteLength
  })
  await settled()
  expect(taken).toBe(8 * chunk.byteLength)
  stream.pause()
  give(...Array.from({ length: 8 }, () => chunk))
  await settled()
  expect(taken).toBe(8 * chunk.byteLength)
  stream.resume()
  await settled()
  expect(taken).toBe(16 * chunk.byteLength)
})

it('says that it is full, and when there is room again', async () => {
  const { stream, room } = byHand()
  let drains = 0
  stream.addEventListener('drain', () => {
    drains += 1
  })
  expect(stream.send(Uint8Array.of(1))).toBe(false)
  await settled()
  expect(drains).toBe(0)
  room.resolve()
  await settled()
  expect(drains).toBe(1)
})

it('is reset when the other side gave up, and gives up both directions when it is aborted', async () => {
  const lost = byHand()
  lost.give(new Error('reset'))
  await settled()
  expect(lost.stream.status).toBe('reset')
  const aborted = byHand()
  aborted.stream.abort(new Error('enough'))
  expect([aborted.stream.status, aborted.calls]).toEqual(['aborted', ['reset', 'stop']])
})

it('knows when the other side reads no more', async () => {
  const { stream, unread } = byHand()
  unread.resolve()
  await settled()
  expect(stream.remoteReadStatus).toBe('closed')
})
