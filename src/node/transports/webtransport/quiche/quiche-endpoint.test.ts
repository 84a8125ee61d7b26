import { createSocket, type Socket } from 'node:dgram'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../../shared/clock.ts'
import { digestOf } from '../../../../shared/mesh/webtransport/certhash.ts'
import type { QuicLimits } from '../quic.ts'
import { type QuicPair, quicPair, soon } from '../quic-pair.fixture.ts'
import { loadQuiche } from './binding.ts'
import { quicheQuic } from './quiche-quic.ts'

const quiche = await loadQuiche()
const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes)
const driver = (limits: Partial<QuicLimits> = {}) =>
  quicheQuic({ quiche, clock: systemClock, random, limits })

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function listening(limits?: Partial<QuicLimits>): Promise<QuicPair> {
  const pair = await quicPair(driver(limits))
  closers.push(() => pair.close())
  return pair
}

async function socket(): Promise<Socket> {
  const made = createSocket('udp4').bind(0, '127.0.0.1')
  await once(made, 'listening')
  closers.push(() => made.close())
  return made
}

/** A client's first packet, as the library makes it. */
function firstFlight(port: number, version?: number): Buffer {
  const config = new quiche.Config()
  config.setApplicationProtos(['h3'])
  const id = random(new Uint8Array(20))
  const at = { host: '127.0.0.1', port: 1 }
  const client = quiche.Connection.connect(null, id, at, { host: '127.0.0.1', port }, config)
  const packet = Buffer.alloc(1350)
  const [length] = client.send(packet) ?? [0]
  if (version !== undefined) packet.writeUInt32BE(version, 1)
  return packet.subarray(0, length)
}

/** Sends it and gives the first answer. */
async function answerTo(packet: Buffer, port: number): Promise<Buffer> {
  const from = await socket()
  const answered = once(from, 'message')
  from.send(packet, port, '127.0.0.1')
  const [answer] = await answered
  return answer
}

describe('an endpoint of quiche', () => {
  it('takes nothing from port 0, to which nothing can be sent', async () => {
    const made: Socket[] = []
    const seen = (message: unknown) => void made.push((message as { socket: Socket }).socket)
    subscribe('udp.socket', seen)
    const { endpoint } = await listening()
    unsubscribe('udp.socket', seen)
    const from = { address: '127.0.0.1', family: 'IPv4', port: 0, size: 1200 }
    const packet = firstFlight(endpoint.address.port, 0x1a2a3a4a)
    for (const socket of made)
      if (socket.address().port === endpoint.address.port) socket.emit('message', packet, from)
    expect(await answerTo(packet, endpoint.address.port)).toBeDefined()
  })

  it('names its versions to a client that speaks another, in fewer bytes than came', async () => {
    const { endpoint } = await listening()
    const packet = firstFlight(endpoint.address.port, 0x1a2a3a4a)
    const answer = await answerTo(packet, endpoint.address.port)
    expect(answer.readUInt32BE(1)).toBe(0)
    expect(answer.length).toBeLessThan(packet.length)
  })

  it('lets newcomers show their address once many handshakes are under way, and keeps nothing for them until then', async () => {
    const { endpoint, connect } = await listening()
    const { port } = endpoint.address
    // Nobody answers to the server's side of these.
    for (let n = 0; n < 32; n += 1) await answerTo(firstFlight(port), port)
    const answer = await answerTo(firstFlight(port), port)
    expect(((answer[0] ?? 0) & 0x30) >> 4).toBe(quiche.Type.Retry === 1 ? 3 : -1)
    expect(answer.length).toBeLessThan(200)
    // A client that receives there answers the Retry, and is let in.
    const { client, server } = await connect()
    const stream = await client.open(soon())
    stream.write(Uint8Array.of(1))
    expect(await (await server.accept())?.read()).toEqual(Uint8Array.of(1))
  })

  it('leaves room for others when one address range begins handshakes and does not end them', async () => {
    const made: Socket[] = []
    const seen = (message: unknown) => void made.push((message as { socket: Socket }).socket)
    subscribe('udp.socket', seen)
    const { endpoint } = await listening()
    unsubscribe('udp.socket', seen)
    const { port } = endpoint.address
    const served = made.find(each => each.address().port === port)!
    // Nothing goes out to these addresses, which are nobody's (RFC 5737).
    let answers: Buffer[] = []
    const send = (packet: Buffer, _: number, length: number, __: number, ___: string, sent: () => void) => {
      answers.push(Buffer.from(packet.subarray(0, length)))
      setImmediate(sent)
    }
    Object.assign(served, { send })
    const arrive = async (packet: Buffer, host: string): Promise<Buffer | undefined> => {
      answers = []
      served.emit('message', packet, { address: host, port: 5, family: 'IPv4', size: packet.length })
      for (let turn = 0; turn < 4; turn += 1) await new Promise(resolve => setImmediate(resolve))
      return answers[0]
    }
    /** Whether a client there that answers the Retry hears more. */
    const isServed = async (host: string): Promise<boolean> => {
      const config = new quiche.Config()
      config.setApplicationProtos(['h3'])
      const [own, server] = [
        { host, port: 5 },
        { host: '127.0.0.1', port },
      ]
      const client = quiche.Connection.connect(null, random(new Uint8Array(20)), own, server, config)
      const flight = () => {
        const packet = Buffer.alloc(1350)
        return packet.subarray(0, client.send(packet)?.[0] ?? 0)
      }
      const retry = await arrive(flight(), host)
      client.recv(retry!, { from: server, to: own })
      return (await arrive(flight(), host)) !== undefined
    }
    for (let n = 0; n < 32; n += 1) await arrive(firstFlight(port), `198.51.100.${n}`)
    let taken = 0
    for (let n = 0; n < 40; n += 1) if (await isServed(`203.0.113.${n}`)) taken += 1
    expect(taken).toBe(32)
    expect(await isServed('192.0.2.1')).toBe(true)
  })

  it('answers no more handshakes than allowed, and again when those have timed out', async () => {
    const handshakeMs = 1_000
    const { endpoint, certificate } = await listening({ handshakes: 2, handshakeMs })
    const { port } = endpoint.address
    const began = performance.now()
    for (let n = 0; n < 2; n += 1) await answerTo(firstFlight(port), port)
    const late = await driver().connect({
      ...endpoint.address,
      protocol: 'h3',
      certificateDigests: [digestOf(certificate.certhash)],
      signal: soon(),
    })
    expect(performance.now() - began).toBeGreaterThan(handshakeMs * 0.9)
    late.close(0, '')
  })

  it('sends a stranger at most three times what it sent', async () => {
    const { endpoint } = await listening()
    const from = await socket()
    let received = 0
    from.on('message', bytes => {
      received += bytes.length
    })
    const packet = firstFlight(endpoint.address.port)
    from.send(packet, endpoint.address.port, '127.0.0.1')
    await once(from, 'message')
    await new Promise(resolve => setTimeout(resolve, 600))
    expect(received).toBeLessThanOrEqual(3 * packet.length)
  })

  it('is not disturbed by packets that are none', async () => {
    const { endpoint, connect } = await listening()
    const from = await socket()
    const { client, server } = await connect()
    for (let n = 0; n < 500; n += 1) {
      const junk = Buffer.from(random(new Uint8Array(1 + ((n * 7) % 1400))))
      if (n % 2 === 0) junk[0] = 0xc0 | ((junk[0] ?? 0) & 0x3f)
      if (n % 3 === 0 && junk.length > 5) junk.writeUInt32BE(1, 1)
      from.send(junk, endpoint.address.port, '127.0.0.1')
    }
    const stream = await client.open(soon())
    stream.write(Uint8Array.of(1))
    expect(await (await server.accept())?.read()).toEqual(Uint8Array.of(1))
  })

  it('notices within its idle time that a peer has gone without a word', async () => {
    const { connect } = await listening({ idleMs: 300, keepAliveMs: 10_000 })
    const { server } = await connect()
    expect(await server.closed).toMatchObject({ code: 0 })
  })

  it('keeps a connection that nobody uses', async () => {
    const { connect } = await listening({ idleMs: 400, keepAliveMs: 100 })
    const { client, server } = await connect()
    const ended = Promise.race([client.closed, server.closed]).then(() => 'ended')
    const still = new Promise(resolve => setTimeout(() => resolve('still there'), 1_200))
    expect(await Promise.race([ended, still])).toBe('still there')
  })
})

describe('packets made to be hard to read', () => {
  it('end neither the node nor its connections: a first packet changed at any place', async () => {
    const { endpoint, connect } = await listening()
    const { port } = endpoint.address
    const { client, server } = await connect()
    const from = await socket()
    const packet = firstFlight(port)
    for (let n = 0; n < 400; n += 1) {
      const changed = Buffer.from(packet)
      for (let byte = 0; byte <= n % 3; byte += 1) changed[(n * 13 + byte * 5) % 60] = (n * 37 + byte) & 0xff
      from.send(changed, port, '127.0.0.1')
      if (n % 50 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    const stream = await client.open(soon())
    stream.write(Uint8Array.of(1))
    expect(await (await server.accept())?.read()).toEqual(Uint8Array.of(1))
  })
})
