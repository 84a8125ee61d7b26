import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { MeshHost, MeshHostOptions } from '../host-contract.ts'
import { openSession, tcpHost } from '../mesh-pair.fixture.ts'
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

const signal = () => AbortSignal.timeout(30_000)

describe('trying addresses', () => {
  it('tries all of them, each to its end, and leaves neither connection nor session behind', async () => {
    const [left, right] = [await host(), await host()]
    const [good = ''] = right.addresses()
    let met = 0
    right.onSession(() => {
      met += 1
    })
    const trials = await left.tryAddresses([REFUSED, good, REFUSED], {
      expect: right.peerId,
      signal: signal(),
    })
    expect(trials.map(({ address, outcome }) => [address, outcome])).toEqual([
      [REFUSED, 'failed'],
      [good, 'connected'],
    ])
    expect(trials[0]?.steps).toMatchObject([
      { step: 'dial', error: { message: expect.stringContaining('ECONNREFUSED') } },
    ])
    expect(trials[1]?.steps.map(({ step }) => step)).toEqual(
      expect.arrayContaining(['dial', 'secure', 'identify']),
    )
    await expect.poll(() => left.connections(right.peerId)).toBe(0)
    expect([met, left.sessions().length]).toEqual([0, 0])
  })

  it('leaves a session that is open alone', async () => {
    const [left, right] = [await host(), await host()]
    const { dialled } = await openSession(left, right)
    const [trial] = await left.tryAddresses(right.addresses(), { expect: right.peerId, signal: signal() })
    expect(trial?.outcome).toBe('connected')
    await expect.poll(() => left.connections(right.peerId)).toBe(1)
    expect(left.session(right.peerId)).toBe(dialled)
    expect(await left.ping(right.peerId)).toBeGreaterThan(0)
  })

  it('says who answers where nobody is expected, and refuses another peer than the one that is', async () => {
    const [left, right, other] = [await host(), await host(), await host()]
    const bare = right.addresses()[0]?.replace(/\/p2p\/.*/, '') ?? ''
    const [anybody] = await left.tryAddresses([bare], { signal: signal() })
    expect(anybody).toMatchObject({ outcome: 'connected', peer_id: right.peerId })
    const [wrong] = await left.tryAddresses([bare], { expect: other.peerId, signal: signal() })
    expect(wrong).toMatchObject({ outcome: 'failed' })
  })

  it('gives a trial for each address that a name stands for, and of a name that stands for none its step', async () => {
    const right = await host()
    const port = /\/tcp\/(\d+)/.exec(right.addresses()[0] ?? '')?.[1]
    const resolver: NameResolver = {
      addresses: async name => {
        if (name === 'none.test') throw new Error('ENOTFOUND')
        return ['127.0.0.1', '127.0.0.2']
      },
      texts: async () => [],
    }
    const left = await host({ resolver })
    const trials = await left.tryAddresses([`/dns4/two.test/tcp/${port}`], {
      expect: right.peerId,
      signal: signal(),
    })
    expect(trials.map(({ outcome }) => outcome).sort()).toEqual(['connected', 'failed'])
    const [none] = await left.tryAddresses(['/dns4/none.test/tcp/1'], {
      expect: right.peerId,
      signal: signal(),
    })
    expect(none).toMatchObject({
      outcome: 'failed',
      steps: [{ step: 'resolve', error: { code: 'not_found' } }],
    })
  })

  it('ends with the signal, and with its own limits', async () => {
    const silent = createServer(socket => socket.on('error', () => {}).resume())
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const at = `/ip4/127.0.0.1/tcp/${typeof address === 'object' ? address?.port : 0}`
    const left = await host({ limits: { directDialMs: 100 } })
    const [late] = await left.tryAddresses([at], { signal: signal() })
    expect(late?.steps.at(-1)).toMatchObject({ step: 'secure', error: { code: 'timed_out' } })
    const [ended] = await left.tryAddresses([at], { signal: AbortSignal.abort() })
    expect(ended?.outcome).toBe('superseded')
    silent.close()
  })
})
