import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { ERROR_TABLE, factsOf } from '../../errors.ts'
import type { Json, JsonObject } from '../../tools/tool.ts'
import { admin, MeshToolsFixture, OWN_PEER_ID } from '../mesh-tools.fixture.ts'
import { ANNE, at, BERT, CARL, TestMesh } from './peer-mesh.fixture.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 300)

const oddText = fc.oneof(
  fc.constantFrom('', '/', '~', '\0', '\ud800', '__proto__', 'constructor', 'toString', 'x'.repeat(5_000)),
  fc.string({ maxLength: 20 }),
)
const oddNumber = fc.constantFrom(0, -1, 1, 0.5, 2 ** 31, 2 ** 53, 1e308, -0, 1_000)
const odd: fc.Arbitrary<Json> = fc.oneof(
  oddText,
  oddNumber,
  fc.constantFrom<Json>(null, true, [], {}, [[]]),
  fc.jsonValue() as fc.Arbitrary<Json>,
)
const peerId = fc.constantFrom(
  OWN_PEER_ID,
  ANNE,
  BERT,
  CARL,
  ANNE.slice(0, -1),
  `${ANNE}1`,
  ANNE.toLowerCase(),
)
const address = fc.oneof(
  fc.constantFrom(
    at(1),
    at(1, BERT),
    at(2, CARL),
    at(3),
    at(4, OWN_PEER_ID),
    at(0),
    '/ip4/1.2.3.4/udp/70000',
  ),
  fc.constantFrom(
    `/ip4/127.0.0.1/tcp/1/p2p/${ANNE}/p2p-circuit/p2p/${BERT}`,
    `/p2p/${ANNE}`,
    '/dns4/localhost/tcp/1/tls/ws',
    '/ip6/::1/tcp/1',
    '/unix/tmp/x',
    '/p2p-circuit',
    '/ip4/0.0.0.0/tcp/1',
    '/ip4/127.0.0.1/udp/1/webrtc-direct/certhash/uEiAAAA',
    '/dnsaddr/x.example',
  ),
  oddText.map(text => `/ip4/127.0.0.1/tcp/1/${text}`),
)
const sources = fc.constantFrom('file', 'mdns', 'dht', 'pubsub', 'github', 'exchange', 'configured')
const ms = fc.constantFrom(1, 50)
const tool = fc.constantFrom('work', 'text_echo', 'tools_dispatch', 'p2p_peer_call_tool', 'p2p_peer_list')
const labels = fc.array(fc.constantFrom('kind:node', 'gpu'), { maxLength: 2 })
const filter = {
  kind: fc.constantFrom('node', 'tab'),
  labels,
  tool,
  connected: fc.boolean(),
  limit: fc.constantFrom(1, 100),
}
const cached = { namespace: fc.constantFrom('a', 'b'), key: fc.constantFrom('k', 'l'), peer_id: peerId }
const connect = { connect: fc.boolean() }

const INPUTS: Record<string, Record<string, fc.Arbitrary<Json>>> = {
  p2p_peer_list: filter,
  p2p_peer_discover: { ...filter, refresh: fc.boolean(), timeout_ms: ms },
  p2p_peer_register: { addresses: fc.array(address, { maxLength: 3 }), peer_id: peerId },
  p2p_peer_bootstrap: {
    addresses: fc.array(address, { maxLength: 3 }),
    sources: fc.array(sources, { maxLength: 3 }),
    timeout_ms: ms,
    ...connect,
  },
  p2p_peer_connect: { address: fc.oneof(address, fc.constant(at(1, BERT))) },
  p2p_peer_disconnect: { peer_id: peerId },
  p2p_peer_call_tool: { peer_id: peerId, tool, params: fc.constant({ text: 'x' }), timeout_ms: ms },
  p2p_peer_metrics: { peer_id: peerId },
  p2p_peer_get_public_ip: { refresh: fc.boolean(), timeout_ms: ms },
  p2p_peer_diagnose: { peer_id: peerId, address, refresh: fc.boolean(), timeout_ms: ms },
  p2p_peer_cleanup: { older_than_ms: fc.constantFrom(0, 1, 1_000) },
  p2p_bootstrap_from_file: { path: oddText, ...connect },
  p2p_bootstrap_from_env: connect,
  p2p_bootstrap_from_public: { name: fc.constantFrom('set', 'none'), ...connect },
  p2p_bootstrap_list: {},
  p2p_cache_get: cached,
  p2p_cache_has: cached,
  p2p_cache_set: { ...cached, value: odd, ttl_ms: ms },
  p2p_cache_delete: { ...cached, all: fc.constant(true) },
  p2p_cache_stats: { peer_id: peerId },
}

/** A tool, and an input of some of its members, now and then of another kind, or with one that it does not know. */
const call = fc.oneof(
  ...[
    ...Object.entries(INPUTS),
    ['p2p_peer_connect', { invite: oddText, peer_id: peerId, address }] as const,
  ].map(([name, members]) => {
    const model = Object.fromEntries(
      Object.entries(members).map(([key, right]) => [
        key,
        fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: odd }),
      ]),
    )
    const input = fc.oneof(
      { weight: 30, arbitrary: fc.record(model, { requiredKeys: [] }) },
      { weight: 1, arbitrary: fc.dictionary(oddText, odd) },
    )
    return input.map(given => [name, given as JsonObject] as const)
  }),
)

/** One right input of each: that all can be answered is not left to chance. */
const RIGHT: [name: string, input: JsonObject][] = [
  ...Object.keys(INPUTS).map((name): [string, JsonObject] => [name, {}]),
  ['p2p_peer_connect', { address: at(1, BERT) }],
  ['p2p_peer_call_tool', { peer_id: BERT, tool: 'work', params: { text: 'x' } }],
  ['p2p_peer_disconnect', { peer_id: BERT }],
  ['p2p_bootstrap_from_public', { name: 'set' }],
  ['p2p_cache_set', { key: 'k', value: 1 }],
  ...['get', 'has', 'delete'].map((name): [string, JsonObject] => [`p2p_cache_${name}`, { key: 'k' }]),
]

let tools: MeshToolsFixture
beforeAll(async () => {
  tools = await MeshToolsFixture.open()
  const mesh = new TestMesh(tools.test.clock)
  mesh.listeners.set(at(1), BERT).set(at(2), CARL)
  tools.mesh = () => mesh
  tools.callPeer = async (_peer, name, input) => (name.startsWith('p2p_cache') ? { odd: true } : input)
  Object.assign(tools.bootstrap, { environment: [at(1), 'x'], publicSets: { set: [at(2, CARL)] } })
})

it('input of any kind is answered, or refused with a code that says why, by each tool', {
  timeout: 600_000,
}, async () => {
  const answered = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 8 }), async calls => {
      for (const [name, input] of calls) {
        const answer = await tools.call(name, structuredClone(input), admin).catch(factsOf)
        const { code, message, field, allowed } = answer as JsonObject
        if (code === undefined) answered.add(name)
        else if (!Object.hasOwn(ERROR_TABLE, String(code)) || code === 'internal')
          expect.fail(`${name} ${JSON.stringify(input)}: ${String(message)}`)
        else if (code === 'invalid_input')
          expect([field, allowed]).toEqual([expect.any(String), expect.any(String)])
      }
    }),
    { numRuns: RUNS, examples: [[RIGHT]] },
  )
  expect([...answered].sort()).toEqual(
    Object.keys(INPUTS)
      .filter(name => name !== 'p2p_bootstrap_from_file')
      .sort(),
  )
  expect({}).not.toHaveProperty('polluted')
})
