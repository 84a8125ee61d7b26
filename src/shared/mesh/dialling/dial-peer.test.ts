import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { nodeTransports } from '../../../node/transports/node-transports.ts'
import { silentLogger } from '../../logger.ts'
import { PeerUnreachableError } from '../errors.ts'
import type { MeshHost, MeshHostOptions } from '../host-contract.ts'
import { openSession, tcpHost } from '../mesh-pair.fixture.ts'
import type { DialReport } from './dial-report.ts'
import type { NameResolver } from './name-resolution.ts'

/** The discard port: nobody listens there. */
const REFUSED = '/ip4/127.0.0.1/tcp/9'

const ends: (() => Promise<unknown>)[] = []

afterEach(async () => {
  await Promise.all(ends.splice(0).map(end => end()))
})

async function host(options: Partial<MeshHostOptions> = {}): Promise<MeshHost> {
  const made = await tcpHost(options)
  ends.push(() => made.close())
  return made
}

/** A server that takes connections and says nothing, and what became of these. */
async function silentServer(): Promise<{ port: number; opened: Socket[]; open: () => number }> {
  const opened: Socket[] = []
  const server: Server = createServer(socket => {
    opened.push(socket)
    socket.on('error', () => {}).resume()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  ends.push(async () => {
    for (const socket of opened) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, opened, open: () => opened.filter(({ destroyed }) => !destroyed).length }
}

function reportsOf(dialler: MeshHost): DialReport[] {
  const reports: DialReport[] = []
  dialler.onDial(report => reports.push(report))
  return reports
}

const signal = () => AbortSignal.timeout(30_000)
const outcomes = (reports: DialReport[]) =>
  reports.map(({ address, outcome }) => `${address} ${outcome}`).sort()

describe('dialling a peer', () => {
  it('is done by the fastest of its addresses, whatever the others do, and nothing of them stays open', async () => {
    const [left, right, silent] = [await host(), await host(), await silentServer()]
    const reports = reportsOf(left)
    const hanging = `/ip4/127.0.0.1/tcp/${silent.port}`
    const began = performance.now()
    const [good] = right.addresses()
    const session = await left.connect([hanging, REFUSED, good!], { expect: right.peerId, signal: signal() })
    expect(session.peerId).toBe(right.peerId)
    expect(performance.now() - began).toBeLessThan(2000)
    await expect.poll(() => reports.length).toBe(3)
    expect(outcomes(reports)).toEqual(
      [`${hanging} superseded`, `${REFUSED} failed`, `${good} connected`].sort(),
    )
    await expect.poll(silent.open).toBe(0)
    expect(left.connections(right.peerId)).toBe(1)
    expect(right.connections(left.peerId)).toBe(1)
  })

  it('makes one session of two addresses that answer at once, and closes the connection of the other', async () => {
    const right = await host({ listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0'] })
    for (let round = 0; round < 5; round += 1) {
      const left = await host({ limits: { staggerMs: 0 } })
      let met = 0
      const stop = right.onSession(() => {
        met += 1
      })
      await left.connect(right.addresses(), { expect: right.peerId, signal: signal() })
      await expect.poll(() => right.connections(left.peerId)).toBe(1)
      await expect.poll(() => left.connections(right.peerId)).toBe(1)
      expect(met).toBe(1)
      stop()
    }
  })

  it('reports each step of an address with its time, and where it ended', async () => {
    const [left, right] = [await host(), await host()]
    const reports = reportsOf(left)
    const [address] = right.addresses()
    await left.connect([address!], { expect: right.peerId, signal: signal() })
    const [report] = reports
    const steps = report?.steps.map(({ step }) => step)
    expect(report).toMatchObject({ peer_id: right.peerId, address, path: 'tcp', outcome: 'connected' })
    // The secure channel settles the multiplexer too, which is no step of its own then.
    expect(steps?.filter(step => step !== 'identify')).toEqual(['dial', 'secure', 'session'])
    for (const { ms } of report?.steps ?? []) expect(ms).toBeGreaterThanOrEqual(0)
    expect(report?.ms).toBeGreaterThan(0)
  })

  it('says which address came nearest, and why it ended there', async () => {
    const [left, silent] = [await host({ limits: { directDialMs: 200 } }), await silentServer()]
    const other = await host()
    const right = await host()
    const hanging = `/ip4/127.0.0.1/tcp/${silent.port}`
    const failure = await left
      .connect([REFUSED, hanging], { expect: right.peerId, signal: signal() })
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(PeerUnreachableError)
    const { message, code, reports } = failure as PeerUnreachableError
    expect(code).toBe('unavailable')
    expect(message).toBe(
      `peer ${right.peerId} cannot be reached: ${hanging}: secure: no answer within 200 ms (and 1 more)`,
    )
    expect(reports.map(report => report.steps.at(-1)?.error?.code)).toEqual(['unavailable', 'timed_out'])
    await expect.poll(silent.open).toBe(0)
    // Another peer is there: nothing was said to it.
    const bare = other.addresses().map(address => address.replace(/\/p2p\/.*/, ''))
    await expect(left.connect(bare, { expect: right.peerId, signal: signal() })).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(other.sessions()).toEqual([])
  })

  it('ends when its caller gives up, which is no failure of the address', async () => {
    const [left, right, silent] = [await host(), await host(), await silentServer()]
    const reports = reportsOf(left)
    const control = new AbortController()
    const dialling = left.connect([`/ip4/127.0.0.1/tcp/${silent.port}`], {
      expect: right.peerId,
      signal: control.signal,
    })
    await expect.poll(silent.open).toBe(1)
    control.abort(new Error('given up'))
    await expect(dialling).rejects.toThrow('given up')
    await expect.poll(silent.open).toBe(0)
    await expect.poll(() => reports.map(({ outcome }) => outcome)).toEqual(['superseded'])
  })

  it('closes a WebSocket that is given up before it is open, and one on which nobody speaks', async () => {
    const left = await host({
      transports: nodeTransports({ logger: silentLogger, mayAskForSlot: () => false }),
    })
    const [right, silent] = [await host(), await silentServer()]
    const mute = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    ends.push(async () => mute.close())
    await once(mute, 'listening')
    const met = once(mute, 'connection')
    const ports = [silent.port, (mute.address() as AddressInfo).port]
    const hanging = ports.map(port => `/ip4/127.0.0.1/tcp/${port}/ws`)
    await left.connect([...hanging, ...right.addresses()], { expect: right.peerId, signal: signal() })
    await Promise.all([met, expect.poll(() => silent.opened.length).toBe(1)])
    await expect.poll(() => silent.open() + mute.clients.size).toBe(0)
  })

  it('takes a connection that is open before it makes another', async () => {
    const [left, right] = [await host(), await host()]
    const { dialled } = await openSession(left, right)
    await dialled.close()
    const reports = reportsOf(left)
    const next = await left.connect([REFUSED], { expect: right.peerId, signal: signal() })
    expect(next).not.toBe(dialled)
    expect(reports).toMatchObject([{ outcome: 'connected', steps: [{ step: 'session' }] }])
    expect(left.connections(right.peerId)).toBe(1)
  })

  it('does not dial itself, nor more addresses than allowed', async () => {
    const left = await host({ limits: { addresses: 2 } })
    const right = await host()
    const reports = reportsOf(left)
    await expect(
      left.connect(left.addresses(), { expect: left.peerId, signal: signal() }),
    ).rejects.toMatchObject({ code: 'invalid_input' })
    const many = [1, 2, 3, 4].map(last => `/ip4/127.0.0.${last}/tcp/9`)
    await expect(left.connect(many, { expect: right.peerId, signal: signal() })).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(reports).toHaveLength(2)
  })

  it('leaves out what is no address or is of another peer, and says so when nothing else is left', async () => {
    const [left, right, third] = [await host(), await host(), await host()]
    const to = { expect: right.peerId, signal: signal() }
    await expect(left.connect(['nonsense'], to)).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(left.connect(third.addresses(), to)).rejects.toMatchObject({ code: 'forbidden' })
    const mixed = ['nonsense', ...third.addresses(), ...right.addresses()]
    expect((await left.connect(mixed, to)).peerId).toBe(right.peerId)
    expect(third.connections(left.peerId)).toBe(0)
  })

  it('learns who is at an address that does not say', async () => {
    const [left, right] = [await host(), await host()]
    const bare = right.addresses().map(address => address.replace(/\/p2p\/.*/, ''))
    expect(await left.whoIs(bare[0]!, signal())).toBe(right.peerId)
    await expect.poll(() => left.connections(right.peerId)).toBe(0)
    await expect(left.whoIs(REFUSED, signal())).rejects.toThrow()
  })
})

describe('an address by name', () => {
  const resolver = (names: Record<string, string[]>): NameResolver => ({
    async addresses(name) {
      const found = names[name]
      if (found === undefined) throw new Error('ENOTFOUND')
      return found
    },
    async texts(name) {
      return names[name] ?? []
    },
  })

  it('is resolved, and all that the name stands for is raced', async () => {
    const right = await host()
    const { port } = new URL(
      `tcp://${right
        .addresses()[0]
        ?.match(/127\.0\.0\.1\/tcp\/\d+/)?.[0]
        .replace('/tcp/', ':')}`,
    )
    const names = { 'a.example': ['::1', '127.0.0.1'] }
    const left = await host({ resolver: resolver(names) })
    const reports = reportsOf(left)
    const address = `/dns/a.example/tcp/${port}`
    await left.connect([address], { expect: right.peerId, signal: signal() })
    expect(reports.map(({ outcome }) => outcome)).toEqual(['failed', 'connected'])
    expect(reports.map(report => report.address)).toEqual([address, address])
    expect(reports[0]?.steps.map(({ step }) => step)).toEqual(['resolve', 'dial'])
  })

  it('adds no more addresses to the race than a peer may have, however many names it gives', async () => {
    const right = await host()
    const names = Object.fromEntries(
      Array.from({ length: 4 }, (_, n) => [
        `n${n}.example`,
        Array.from({ length: 8 }, (_, m) => `127.0.${n}.${m + 1}`),
      ]),
    )
    const left = await host({ resolver: resolver(names), limits: { addresses: 6, staggerMs: 1 } })
    const reports = reportsOf(left)
    const addresses = Object.keys(names).map(name => `/dns4/${name}/tcp/1`)
    await expect(left.connect(addresses, { expect: right.peerId, signal: signal() })).rejects.toThrow()
    expect(reports).toHaveLength(6)
  })

  it('of a dnsaddr is that of the peer among its records', async () => {
    const [right, third] = [await host(), await host()]
    const records = [third, right].flatMap(one => one.addresses().map(address => `dnsaddr=${address}`))
    const left = await host({ resolver: resolver({ '_dnsaddr.mesh.example': ['other=1', ...records] }) })
    const session = await left.connect(['/dnsaddr/mesh.example'], { expect: right.peerId, signal: signal() })
    expect(session.peerId).toBe(right.peerId)
    expect(third.connections(left.peerId)).toBe(0)
  })

  it('that nobody knows fails at this step, also when nobody answers', async () => {
    const right = await host()
    const left = await host({ resolver: resolver({}) })
    const to = { expect: right.peerId, signal: signal() }
    await expect(left.connect(['/dns/a.example/tcp/1'], to)).rejects.toThrow(
      'resolve: the name a.example was not resolved: ENOTFOUND',
    )
    const never = new Promise<never>(() => {})
    const deaf = await host({
      resolver: { addresses: () => never, texts: () => never },
      limits: { resolveMs: 50 },
    })
    await expect(deaf.connect(['/dns/a.example/tcp/1'], to)).rejects.toThrow(
      'resolve: no answer within 50 ms',
    )
  })
})
