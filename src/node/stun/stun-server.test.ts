import { createSocket, type Socket } from 'node:dgram'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../shared/clock.ts'
import { silentLogger } from '../../shared/logger.ts'
import { stunRequest } from '../../shared/mesh/reach/stun-message.ts'
import { askStun } from './ask-stun.ts'
import { StunServer } from './stun-server.ts'

const servers: StunServer[] = []
const sockets: Socket[] = []

async function server(hosts = ['127.0.0.1']): Promise<{ stun: StunServer; clock: ManualClock }> {
  const clock = new ManualClock()
  const stun = await StunServer.listen({ hosts, port: 0, clock, logger: silentLogger })
  servers.push(stun)
  return { stun, clock }
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map(made => made.close()))
  for (const socket of sockets.splice(0)) socket.close()
})

const ask = (at: { host: string; port: number }[], ms = 5_000) =>
  askStun(at, {
    signal: AbortSignal.timeout(ms),
    random: bytes => crypto.getRandomValues(new Uint8Array(bytes)),
  })

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 5))
}

describe('the STUN server', () => {
  it('tells who asks under which address it is seen, on IPv4 and IPv6', async () => {
    const { stun } = await server(['127.0.0.1', '::1'])
    const [four] = await ask([{ host: '127.0.0.1', port: stun.port }])
    const [six] = await ask([{ host: '::1', port: stun.port }])
    expect(four).toEqual({ address: '127.0.0.1', port: expect.any(Number) })
    expect(six).toEqual({ address: '::1', port: expect.any(Number) })
  })

  it('sees one port from two servers where nothing translates it', async () => {
    const [one, two] = [await server(), await server()]
    const [first, second] = await ask([one, two].map(({ stun }) => ({ host: '127.0.0.1', port: stun.port })))
    expect(first).toBeDefined()
    expect(second).toEqual(first)
  })

  it('answers one address only so often, and again later', async () => {
    const { stun, clock } = await server()
    const socket = createSocket('udp4')
    sockets.push(socket)
    const flood = () => {
      for (let n = 0; n < 100; n += 1) socket.send(stunRequest(new Uint8Array(12)), stun.port, '127.0.0.1')
    }
    flood()
    await until(() => stun.counts.answered + stun.counts.limited === 100)
    expect(stun.counts.answered).toBeLessThanOrEqual(61)
    expect(stun.counts.limited).toBeGreaterThanOrEqual(39)
    await clock.advance(10_000)
    expect(await ask([{ host: '127.0.0.1', port: stun.port }])).toEqual([expect.anything()])
  })

  it('says nothing to what is not STUN, and a client waits no longer than it was told', async () => {
    const { stun } = await server()
    const socket = createSocket('udp4')
    sockets.push(socket)
    const heard: Buffer[] = []
    socket.on('message', data => heard.push(data))
    socket.send('hello', stun.port, '127.0.0.1')
    socket.send(new Uint8Array(2_000), stun.port, '127.0.0.1')
    await until(() => stun.counts.ignored === 2)
    expect(heard).toEqual([])
    sockets.push(createSocket('udp4').bind(0, '127.0.0.1'))
    const silent = sockets.at(-1)!
    await new Promise(resolve => silent.once('listening', resolve))
    expect(await ask([{ host: '127.0.0.1', port: silent.address().port }], 100)).toEqual([undefined])
  })

  it('answers nobody at port 0, to which nothing can be sent', async () => {
    const made: Socket[] = []
    const seen = (message: unknown) => void made.push((message as { socket: Socket }).socket)
    subscribe('udp.socket', seen)
    const { stun } = await server()
    unsubscribe('udp.socket', seen)
    const [listening] = made
    listening!.emit('message', Buffer.from(stunRequest(new Uint8Array(12))), {
      address: '127.0.0.1',
      family: 'IPv4',
      port: 0,
      size: 20,
    })
    expect(stun.counts).toEqual({ answered: 0, limited: 0, ignored: 1 })
    expect(await ask([{ host: '127.0.0.1', port: stun.port }])).toEqual([expect.anything()])
  })

  it('says so when its port is taken', async () => {
    const { stun } = await server()
    const again = StunServer.listen({
      hosts: ['127.0.0.1'],
      port: stun.port,
      clock: new ManualClock(),
      logger: silentLogger,
    })
    await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
