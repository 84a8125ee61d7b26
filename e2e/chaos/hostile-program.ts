/** A hostile peer in a process of its own: says when it begins, attacks a node in one way until its input ends, and then tells what it came to. */
import { z } from 'zod'
import {
  type HostilePeer,
  hostilePeer,
  RawSession,
} from '../../src/shared/mesh/limits/hostile-peer.fixture.ts'

const [kind = '', address = '', secret = ''] = process.argv.slice(2)
/** After a connection that was refused, ms: without it the attacker only burns its own processor. */
const AGAIN_AFTER_MS = 20

let running = true
const told = { connections: 0, refused: 0, ended: 0, sent: 0, reason: '' }

const initialize = (text = '') => ({
  id: 'c:1',
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: `hostile${text}`, version: '1' },
    _meta: {},
  },
})
const PING = { id: 'm:1', method: 'ping' }

/** Sends again and again until the node ends it, and notes why it did. */
async function flood(session: RawSession, next: () => object[]): Promise<void> {
  while (running && !session.ended) {
    const messages = next()
    if (!session.send(...messages)) break
    told.sent += messages.length
    await new Promise(setImmediate)
  }
  const [, code, message] =
    /"id":null,.*"data":\{"code":"([^"]+)","message":"([^"]*)"/.exec(session.received) ?? []
  if (code !== undefined) told.reason = `${code}: ${message}`
}

/** Redeems the invite, so that the node takes it for one of its own. */
async function withGrant(session: RawSession): Promise<void> {
  session.send(initialize(), { id: 'c:2', method: 'toolmesh/redeem', params: { secret } })
  while (running && !session.ended && !session.received.includes('"c:2"')) await new Promise(setImmediate)
}

const attacks: Record<string, (peer: HostilePeer) => Promise<void>> = {
  async garbage(peer) {
    const session = await RawSession.open(await connect(peer))
    session.stream.send(crypto.getRandomValues(new Uint8Array(4096)))
    await flood(session, () => [{ garbage: true }])
  },
  async 'small messages'(peer) {
    await flood(await RawSession.open(await connect(peer)), () => Array(50).fill(PING))
  },
  async 'large messages'(peer) {
    await flood(await RawSession.open(await connect(peer)), () => [initialize('x'.repeat(60 * 1024))])
  },
  async 'small messages with a grant'(peer) {
    const session = await RawSession.open(await connect(peer))
    await withGrant(session)
    await flood(session, () => Array(200).fill(PING))
  },
  async 'asking and never reading, with a grant'(peer) {
    const session = await RawSession.open(await connect(peer))
    await withGrant(session)
    session.stream.pause()
    let asked = 10
    await flood(session, () => {
      asked += 20
      return Array.from({ length: 20 }, (_, n) => ({
        id: `c:${asked + n}`,
        method: 'tools/list',
        params: {},
      }))
    })
  },
  /** Each of a peer that nobody knows, in its form, and signed by nobody. */
  async 'forged announcements with a grant'(peer) {
    const session = await RawSession.open(await connect(peer))
    await withGrant(session)
    let asked = 10
    await flood(session, () => {
      asked += 1
      const announcements = Array.from({ length: 64 }, (_, n) => forged(`${asked}${n}`))
      const params = { announcements, want: { labels: ['none'], max: 64 } }
      return [{ id: `c:${asked}`, method: 'toolmesh/peers', params }]
    })
    const refused = session.received.split('too many exchanges').length - 1
    told.reason ||= `${refused} answers say rate_limited`
  },
  async streams(peer) {
    const connection = await connect(peer)
    while (running && connection.status === 'open') {
      await connection.newStream('/ipfs/id/1.0.0', { signal: AbortSignal.timeout(2000) })
      told.sent += 1
    }
  },
  async connections(peer) {
    const connection = await connect(peer)
    await connection.close()
  },
}

function forged(name: string): { text: string; signature: string } {
  const id = `12D3KooW${name.replaceAll('0', 'x')}`.padEnd(52, 'z')
  const text = JSON.stringify({
    addresses: ['/ip4/203.0.113.7/tcp/4001'],
    agent: 'toolmesh/0.1.0 node',
    capacity: 1,
    catalogue_cid: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
    issued_at: Date.now(),
    kind: 'node',
    labels: [],
    namespace: 'toolmesh',
    peer_id: id,
    running: 0,
    seq: 1,
    ttl_ms: 1_800_000,
    v: 1,
  })
  return { text, signature: 'A'.repeat(86) }
}

async function connect(peer: HostilePeer) {
  const connection = await peer.connectTo(address)
  if (told.connections === 0) process.stdout.write('begun\n')
  told.connections += 1
  connection.addEventListener('close', () => (told.ended += 1))
  return connection
}

process.stdin.resume().once('end', () => {
  running = false
  setTimeout(() => {
    process.stdout.write(`${JSON.stringify(told)}\n`)
    process.exit(0)
  }, 200)
})

const attack = attacks[z.enum(Object.keys(attacks)).parse(kind)]
const peer = await hostilePeer()
while (running) {
  try {
    await attack?.(peer)
  } catch {
    told.refused += 1
  }
  await new Promise(resolve => setTimeout(resolve, AGAIN_AFTER_MS))
}
