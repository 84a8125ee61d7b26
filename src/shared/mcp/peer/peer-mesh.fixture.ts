/** A mesh whose peers are told by the test, for the tools for peers: not part of the product. */
import type { Clock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import type { SourceName, SourceReport } from '../../mesh/discovery/discovery-source.ts'
import type { SignedAnnouncement } from '../../mesh/peers/announcement.ts'
import { LocalPeerBook } from '../../mesh/peers/peer-book.ts'
import type { Reachability } from '../../mesh/reach/reachability.ts'
import type { Session } from '../../mesh/session-contract.ts'
import { OWN_PEER_ID } from '../mesh-tools.fixture.ts'
import type { MeshPort } from './mesh-port.ts'

export const ANNE = '12D3KooWRBhwfeP2Y9CDkFRBAZ1pmxUadH36TKuk3KtKm5XXP8mA'
export const BERT = '12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'
export const CARL = '12D3KooWH3uVF6wv47WnArKHk5p6cvgCJEb74UTmxztmQDc298L3'

export const at = (port: number, peerId?: string): string =>
  `/ip4/127.0.0.1/tcp/${port}${peerId === undefined ? '' : `/p2p/${peerId}`}`

export class TestMesh implements MeshPort {
  readonly book: LocalPeerBook
  readonly sessions = new Map<string, Session>()
  /** Who listens where, by multiaddr without a peer id. */
  readonly listeners = new Map<string, string>()
  /** Names of the sources of each look, `all` where it named none. */
  readonly looks: (readonly SourceName[] | 'all')[] = []
  readonly searched: string[] = []
  readonly dropped: string[] = []
  announced = 0
  words: SignedAnnouncement | undefined = { text: '{}', signature: '' }
  /** What a look, or a search, finds. */
  onLook: () => Promise<unknown> = async () => {}

  constructor(clock: Clock) {
    this.book = new LocalPeerBook({
      ownPeerId: OWN_PEER_ID,
      verify: async () => undefined,
      isGranted: peerId => peerId === ANNE,
      isHere: () => true,
      clock,
      random: () => 0.5,
    })
  }

  readonly own = { current: () => this.words }

  /** How others see this node. */
  reach: Reachability = { nat: 'unknown', public_ips: [], addresses: [], relays: [] }
  readonly asked: boolean[] = []

  readonly reachability = {
    report: async ({ refresh }: { refresh: boolean }) => {
      this.asked.push(refresh)
      return this.reach
    },
  }

  readonly host: MeshPort['host'] = {
    connect: async (_addresses, { expect }) => this.meet(expect),
    ping: async () => 1.23456,
    tryAddresses: async (addresses, { expect = '' }) =>
      addresses.map(address => {
        const found = this.listeners.get(address.replace(/\/p2p\/.*$/, ''))
        const isThere = found !== undefined && (expect === '' || found === expect)
        const error = { code: 'unavailable', message: 'connect ECONNREFUSED 127.0.0.1:1' }
        return {
          ...{ peer_id: found ?? expect, address, path: 'tcp', ms: 3 },
          outcome: isThere ? 'connected' : 'failed',
          steps: [{ step: 'dial', ms: 3, ...(isThere ? {} : { error }) }],
        }
      }),
    addresses: () => [at(4001, OWN_PEER_ID)],
    session: (peerId: string) => this.sessions.get(peerId),
    bytes: () => ({ received: { bytes: 10, messages: 1 }, sent: { bytes: 20, messages: 2 } }),
    roundTrip: (peerId: string) => (this.sessions.has(peerId) ? 1.23456 : undefined),
    whoIs: async (address: string, signal: AbortSignal) => {
      const found = this.listeners.get(address)
      if (found !== undefined) return found
      if (address.includes('/tcp/9/')) return ended(signal)
      throw new ToolmeshError('unavailable', `nobody answers at ${address}`)
    },
  }

  readonly pool: MeshPort['pool'] = {
    use: async (peerId, { addresses = [], signal }, work) => {
      signal.throwIfAborted()
      const all = [...addresses, ...this.book.addressesOf(peerId)].map(each => each.replace(/\/p2p\/.*$/, ''))
      const answers = all.some(each => this.listeners.get(each) === peerId)
      if (!answers && !this.sessions.has(peerId))
        throw new ToolmeshError('unavailable', `peer ${peerId} cannot be reached`)
      return work(this.sessions.get(peerId) ?? this.meet(peerId))
    },
    drop: async peerId => {
      this.dropped.push(peerId)
      this.sessions.delete(peerId)
      this.book.disconnected(peerId)
    },
    metrics: () => ({
      ...{ open: this.sessions.size, uses: 3, reuse: 0.5, opens: 2 },
      failures: { unavailable: 1 },
      ends: { idle: 1 },
      open_ms: { p50: 1.5, p99: null },
    }),
    lastDials: peerId => [
      {
        ...{ peer_id: peerId, address: at(1), path: 'tcp', outcome: 'failed', ms: 3 },
        steps: [{ step: 'dial', ms: 3, error: { code: 'unavailable', message: 'refused' } }],
      },
    ],
  }

  readonly discovery = {
    reports: (): SourceReport[] => [
      { name: 'file', looks: 1, found: 2, published: 3, last_success: 1_750_000_000_000 },
      {
        name: 'mdns',
        looks: 1,
        found: 0,
        published: 0,
        error: { code: 'unavailable', message: 'no network' },
      },
    ],
    look: async (_signal: AbortSignal, names?: readonly SourceName[]) => {
      this.looks.push(names ?? 'all')
      await this.onLook()
      return this.discovery.reports()
    },
    lookFor: async (peerId: string) => {
      this.searched.push(peerId)
      await this.onLook()
      return this.book.addressesOf(peerId).length > 0
    },
    announce: async () => {
      this.announced += 1
      return this.discovery.reports()
    },
  }

  /** A session with this peer from now on. */
  meet(peerId: string): Session {
    const session = { peerId, direction: 'outbound', path: 'tcp' } as Session
    this.sessions.set(peerId, session)
    this.book.connected(peerId, { path: 'tcp', direction: 'outbound' })
    return session
  }
}

function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}
