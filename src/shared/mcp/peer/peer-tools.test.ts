import { beforeEach, describe, expect, it } from 'vitest'
import type { Principal } from '../../authority/principal.ts'
import { ToolmeshError } from '../../errors.ts'
import type { JsonObject } from '../../tools/tool.ts'
import { admin, alice, MeshToolsFixture, OWN_PEER_ID, reader, self } from '../mesh-tools.fixture.ts'
import { principalWith } from '../text-tools.fixture.ts'
import type { PeerView } from '../views.ts'
import { ANNE, at, BERT, CARL, TestMesh } from './peer-mesh.fixture.ts'

const PEER = principalWith(`peer:${ANNE}`, 'work')

let tools: MeshToolsFixture
let mesh: TestMesh

beforeEach(async () => {
  tools = await MeshToolsFixture.open()
  mesh = new TestMesh(tools.test.clock)
  tools.mesh = () => mesh
})

const call = (name: string, input: JsonObject = {}, principal = admin) =>
  tools.call(`p2p_peer_${name}`, input, principal)

describe('p2p_peer_list', () => {
  const view = (peer_id: string, more: Partial<PeerView>): PeerView => ({
    ...self,
    self: false,
    peer_id,
    ...more,
  })
  const ids = async (input: JsonObject) => {
    const { peers, total } = await call('list', input, reader)
    return [Array.isArray(peers) ? peers.map(peer => Object(peer).peer_id) : [], total]
  }

  it('shows those that fit, this node first, and says how many there are', async () => {
    tools.peers = [
      self,
      view(ANNE, { labels: ['kind:node', 'gpu'] }),
      view(BERT, { kind: 'tab', labels: ['kind:tab'] }),
      view(CARL, { connected: false }),
    ]
    expect(await ids({})).toEqual([[OWN_PEER_ID, ANNE, BERT, CARL], 4])
    expect(await ids({ limit: 2 })).toEqual([[OWN_PEER_ID, ANNE], 4])
    expect(await ids({ kind: 'tab' })).toEqual([[BERT], 1])
    expect(await ids({ labels: ['kind:node', 'gpu'] })).toEqual([[ANNE], 1])
    expect(await ids({ connected: false })).toEqual([[CARL], 1])
    tools.holders.set('i:work', new Set([BERT]))
    const [holders] = await ids({ tool: 'work' })
    expect(holders).toContain(OWN_PEER_ID)
  })

  it('works where the mesh is off', async () => {
    tools.mesh = (await MeshToolsFixture.open()).mesh
    expect(await ids({})).toEqual([[OWN_PEER_ID], 1])
  })
})

describe('p2p_peer_discover', () => {
  it('shows whom the peer book knows, with where each is and who told', async () => {
    await mesh.book.hear({ peer_id: BERT, addresses: [at(1)] }, 'file')
    mesh.meet(ANNE)
    mesh.book.learned(ANNE, { agent: 'toolmesh/1', rttMs: 2.345 })
    const found = await call('discover', {}, reader)
    expect(found).toMatchObject({
      known: 2,
      peers: [
        {
          peer_id: ANNE,
          standing: 'granted',
          connected: true,
          path: 'tcp',
          rtt_ms: 2.3,
          agent: 'toolmesh/1',
        },
        {
          peer_id: BERT,
          standing: 'heard',
          connected: false,
          addresses: [{ address: at(1), path: 'tcp', sources: ['file'], failures: 0 }],
        },
      ],
    })
    expect(found).not.toHaveProperty('sources')
    expect(await call('discover', { connected: false })).toMatchObject({
      peers: [{ peer_id: BERT }],
      known: 2,
    })
  })

  it('asks its sources first when it is told to, and waits no longer than it may', async () => {
    mesh.onLook = () => mesh.book.hear({ peer_id: BERT, addresses: [at(1)] }, 'mdns')
    expect(await call('discover', { refresh: true })).toMatchObject({
      peers: [{ peer_id: BERT }],
      sources: [
        { name: 'file', looks: 1, found: 2, last_success: '2025-06-15T15:06:40.000Z' },
        { name: 'mdns', error: { code: 'unavailable' } },
      ],
    })
    expect(mesh.looks).toEqual(['all'])
  })
})

describe('p2p_peer_register', () => {
  it('makes this node known anew', async () => {
    expect(await call('register')).toMatchObject({
      peer_id: OWN_PEER_ID,
      outcome: 'announced',
      addresses: [at(4001, OWN_PEER_ID)],
      sources: [{ name: 'file', published: 3 }, { name: 'mdns' }],
    })
    expect(mesh.announced).toBe(1)
    mesh.words = undefined
    expect(await call('register')).toMatchObject({ code: 'unavailable', field: 'p2p.listen' })
  })

  it('keeps where another peer is', async () => {
    expect(await call('register', { addresses: [at(1), at(2, BERT)], peer_id: BERT })).toEqual({
      peer_id: BERT,
      outcome: 'new',
      addresses: [at(1, BERT), at(2, BERT)],
    })
    mesh.listeners.set(at(3), CARL)
    expect(await call('register', { addresses: [at(3)] })).toMatchObject({ peer_id: CARL, outcome: 'new' })
    expect(await call('register', { addresses: [at(2, BERT)] })).toMatchObject({ outcome: 'known' })
    expect(await call('register', { addresses: [at(2, BERT), at(3, CARL)] })).toMatchObject({
      code: 'invalid_input',
      field: '/addresses/1',
    })
    expect(await call('register', { peer_id: BERT })).toMatchObject({ field: '/addresses' })
    expect(await call('register', { addresses: [at(2)], peer_id: OWN_PEER_ID })).toMatchObject({
      field: '/peer_id',
    })
  })

  it('speaks for the peer that calls over its session, and for no other', async () => {
    expect(await call('register', { addresses: [at(1)] }, PEER)).toMatchObject({
      peer_id: ANNE,
      outcome: 'new',
    })
    expect(mesh.book.entry(ANNE)?.addresses[0]?.sources).toEqual(['exchange'])
    expect(await call('register', { addresses: [at(1)], peer_id: BERT }, PEER)).toMatchObject({
      field: '/peer_id',
    })
    expect(await call('register', {}, PEER)).toMatchObject({ field: '/addresses' })
    expect(mesh.announced).toBe(0)
  })
})

describe('p2p_peer_connect and p2p_peer_disconnect', () => {
  it('open a session with a peer that is known, and close it', async () => {
    mesh.listeners.set(at(1), BERT)
    await mesh.book.hear({ peer_id: BERT, addresses: [at(1)] }, 'file')
    const connected = { peer_id: BERT, path: 'tcp', direction: 'outbound', rtt_ms: 1.2 }
    expect(await call('connect', { peer_id: BERT })).toEqual({ ...connected, rtt_ms: 1.2 })
    expect(await call('disconnect', { peer_id: BERT })).toEqual({ peer_id: BERT, disconnected: true })
    expect(await call('disconnect', { peer_id: BERT })).toEqual({ peer_id: BERT, disconnected: false })
    expect(mesh.dropped).toEqual([BERT])
  })

  it('open a session at an address, with whoever answers or only with the peer that is named', async () => {
    mesh.listeners.set(at(1), CARL)
    expect(await call('connect', { address: at(1) })).toMatchObject({ peer_id: CARL })
    mesh.sessions.clear()
    expect(await call('connect', { address: at(1, CARL) })).toMatchObject({ peer_id: CARL })
    expect(await call('connect', { address: at(1), peer_id: BERT })).toMatchObject({ code: 'unavailable' })
    expect(await call('connect', { address: at(2) })).toMatchObject({ code: 'unavailable', retryable: true })
    expect(await call('connect', { address: at(1, OWN_PEER_ID) })).toMatchObject({ field: '/peer_id' })
  })

  it('search for a peer of which no address is known, and say when it is not found', async () => {
    expect(await call('connect', { peer_id: BERT })).toMatchObject({
      code: 'not_found',
      field: '/peer_id',
      value: BERT,
    })
    mesh.listeners.set(at(1), BERT)
    mesh.onLook = () => mesh.book.hear({ peer_id: BERT, addresses: [at(1)] }, 'dht')
    expect(await call('connect', { peer_id: BERT })).toMatchObject({ peer_id: BERT })
    expect(mesh.searched).toEqual([BERT, BERT])
  })
})

describe('p2p_peer_bootstrap', () => {
  it('says of each address what became of it, in their order', async () => {
    mesh.listeners.set(at(1), BERT).set(at(2), CARL)
    const addresses = [at(1), at(2, CARL), at(3), at(4, ANNE), at(5, OWN_PEER_ID)]
    expect(await call('bootstrap', { addresses })).toMatchObject({
      results: [
        { peer_id: BERT, addresses: [at(1)], outcome: 'connected', path: 'tcp' },
        { peer_id: CARL, outcome: 'connected' },
        { outcome: 'failed', error: { code: 'unavailable', retryable: true } },
        { peer_id: ANNE, outcome: 'failed', error: { code: 'unavailable' } },
        { peer_id: OWN_PEER_ID, outcome: 'ignored' },
      ],
    })
    expect(mesh.book.entry(ANNE)?.addresses[0]?.sources).toEqual(['configured'])
  })

  it('waits for none longer than it may', async () => {
    const { results } = await call('bootstrap', { addresses: ['/ip4/127.0.0.1/tcp/9/ws'], timeout_ms: 20 })
    expect(results).toMatchObject([{ outcome: 'failed', error: { code: 'timed_out' } }])
  })

  it('connects to what its sources find, or only keeps it', async () => {
    mesh.listeners.set(at(1), BERT)
    mesh.onLook = () => mesh.book.hear({ peer_id: BERT, addresses: [at(1)] }, 'mdns')
    const kept = await call('bootstrap', { sources: ['mdns'], connect: false })
    expect(kept).toMatchObject({ results: [{ peer_id: BERT, outcome: 'known' }], sources: [{}, {}] })
    expect(await call('bootstrap', { sources: ['file'] })).toMatchObject({ results: [] })
    expect(await call('bootstrap', { sources: ['mdns'] })).toMatchObject({
      results: [{ peer_id: BERT, outcome: 'connected' }],
    })
    expect(mesh.looks).toEqual([['mdns'], ['file'], ['mdns']])
    expect(mesh.book.entry(BERT)?.addresses[0]?.sources).toEqual(['mdns'])
  })
})

describe('p2p_peer_call_tool', () => {
  it('runs a tool there, with progress, logs and cancellation passed through', async () => {
    const heard: unknown[] = []
    const abort = new AbortController()
    tools.callPeer = async (peerId, tool, input, { signal, onProgress, onLog, timeoutMs }) => {
      onProgress?.({ done: 1, total: 2 })
      onLog?.({ level: 'info', message: 'hello' })
      heard.push(timeoutMs)
      abort.abort()
      return { peerId, tool, input, aborted: signal.aborted }
    }
    const input = { peer_id: BERT, tool: 'text_echo', params: { text: 'x' }, timeout_ms: 500 }
    const answer = await tools.surface.callTool('p2p_peer_call_tool', input, {
      principal: alice,
      signal: abort.signal,
      onProgress: progress => heard.push(progress),
      onLog: line => heard.push(line),
    })
    expect(answer.structuredContent).toEqual({
      peer_id: BERT,
      tool: 'text_echo',
      result: { peerId: BERT, tool: 'text_echo', input: { text: 'x' }, aborted: true },
    })
    expect(heard).toEqual([{ done: 1, total: 2 }, { level: 'info', message: 'hello' }, 500])
  })

  it('lets nobody do there what he may not do here', async () => {
    tools.callPeer = async () => ({ ok: true })
    const asked = (tool: string, principal = alice) =>
      tools.answer('p2p_peer_call_tool', { peer_id: BERT, tool }, principal)
    for (const tool of ['text_echo', 'tools_search', 'p2p_taskqueue_submit', 'p2p_workflow_submit'])
      expect((await asked(tool)).isError, tool).toBeUndefined()
    for (const tool of [
      'p2p_taskqueue_shutdown',
      'p2p_invite_create',
      'p2p_taskqueue_announce',
      'p2p_taskqueue_status',
    ])
      await expect(asked(tool), tool).rejects.toMatchObject({ code: 'forbidden' })
    expect((await asked('p2p_taskqueue_shutdown', admin)).isError).toBeUndefined()
    for (const tool of ['tools_dispatch', 'p2p_peer_call_tool'])
      expect((await asked(tool)).structuredContent).toMatchObject({ code: 'invalid_input', field: '/tool' })
  })

  it('shows and changes what this node owns there only to whom it shows all here', async () => {
    tools.callPeer = async () => ({ ok: true })
    const asked = (tool: string, principal: Principal) =>
      tools.answer('p2p_peer_call_tool', { peer_id: BERT, tool }, principal)
    const both = principalWith('token:both', 'read', 'submit')
    for (const tool of ['p2p_workflow_result', 'p2p_workflow_list', 'p2p_taskqueue_get_result']) {
      await expect(asked(tool, alice), tool).rejects.toMatchObject({ code: 'forbidden' })
      expect((await asked(tool, both)).isError, tool).toBeUndefined()
    }
    for (const tool of ['p2p_workflow_signal', 'p2p_workflow_coordinate', 'p2p_taskqueue_cancel']) {
      await expect(asked(tool, both), tool).rejects.toMatchObject({ code: 'forbidden' })
      expect((await asked(tool, admin)).isError, tool).toBeUndefined()
    }
  })

  it('lets no peer speak for this node', async () => {
    tools.callPeer = async () => ({ ok: true })
    const worker = principalWith(`peer:${ANNE}`, 'work', 'submit')
    for (const tool of ['p2p_taskqueue_announce', 'p2p_taskqueue_heartbeat', 'p2p_peer_register'])
      await expect(
        tools.answer('p2p_peer_call_tool', { peer_id: BERT, tool }, worker),
        tool,
      ).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('gives the error of the tool, and that a peer cannot be reached or refuses', async () => {
    const input = { peer_id: BERT, tool: 'text_echo' }
    expect(await call('call_tool', input)).toMatchObject({ code: 'unavailable', retryable: true })
    tools.callPeer = () => Promise.reject(new ToolmeshError('tool_failed', 'it broke'))
    expect(await call('call_tool', input)).toMatchObject({ code: 'tool_failed', message: 'it broke' })
    tools.callPeer = () => Promise.reject(new ToolmeshError('forbidden', 'text_echo needs the role submit'))
    await expect(tools.answer('p2p_peer_call_tool', input)).rejects.toMatchObject({ code: 'forbidden' })
    expect(await call('call_tool', { ...input, peer_id: OWN_PEER_ID })).toMatchObject({ field: '/peer_id' })
  })
})

describe('p2p_peer_metrics and p2p_peer_cleanup', () => {
  it('tell how the mesh does, and what became of the last dials to a peer', async () => {
    mesh.meet(ANNE)
    await mesh.book.hear({ peer_id: BERT, addresses: [at(1)] }, 'file')
    expect(await call('metrics', {}, reader)).toMatchObject({
      peers: { known: 2, connected: 1, paths: { tcp: 1 } },
      pool: { open: 1, reuse: 0.5, failures: { unavailable: 1 }, open_ms: { p50: 1.5, p99: null } },
      traffic: { received: { bytes: 10, messages: 1 }, sent: { bytes: 20, messages: 2 } },
      sources: [{ name: 'file' }, { name: 'mdns' }],
    })
    expect(await call('metrics', { peer_id: BERT })).toMatchObject({
      peer: {
        peer_id: BERT,
        standing: 'heard',
        last_dials: [{ outcome: 'failed', steps: [{ step: 'dial' }] }],
      },
    })
    expect(await call('metrics', { peer_id: CARL })).toMatchObject({ code: 'not_found', value: CARL })
  })

  it('forget who was not heard of for so long', async () => {
    await mesh.book.hear({ peer_id: BERT, addresses: [at(1)] }, 'file')
    mesh.meet(CARL)
    await tools.test.clock.advance(5_000)
    expect(await call('cleanup', { older_than_ms: 10_000 })).toEqual({ removed: 0, known: 2 })
    expect(await call('cleanup', { older_than_ms: 5_000 })).toEqual({ removed: 1, known: 1 })
  })
})

describe('p2p_peer_diagnose', () => {
  const checksOf = async (input: JsonObject) => {
    const found = await call('diagnose', input)
    return { state: found.state, checks: Object(found.checks) as Record<string, unknown>[] }
  }

  it('tries every address of a peer, and says what to do about those that fail', async () => {
    mesh.listeners.set(at(1), BERT)
    await mesh.book.hear({ peer_id: BERT, addresses: [at(1), at(2)] }, 'file')
    const { state, checks } = await checksOf({ peer_id: BERT })
    const dials = checks.filter(({ name }) => name === 'address')
    expect(dials).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ state: 'ok', address: at(1, BERT) }),
        expect.objectContaining({
          ...{ state: 'warning', address: at(2, BERT), cause: 'refused' },
          advice: expect.stringMatching(/./),
        }),
      ]),
    )
    // It answers, and gave this node no grant.
    expect(state).toBe('failed')
    expect(checks).toContainEqual(expect.objectContaining({ name: 'session', state: 'ok' }))
    expect(checks).toContainEqual(
      expect.objectContaining({ name: 'authority', state: 'failed', cause: 'no_grant' }),
    )
  })

  it('says that nothing is known of a peer, after it was looked for', async () => {
    const { state, checks } = await checksOf({ peer_id: CARL })
    expect(mesh.searched).toEqual([CARL])
    expect(state).toBe('failed')
    expect(checks).toContainEqual(expect.objectContaining({ name: 'address', cause: 'no_address' }))
    expect(checks).toContainEqual(expect.objectContaining({ name: 'session', state: 'skipped' }))
  })

  it('says how this node does, with the source that fails', async () => {
    mesh.reach = { nat: 'private', public_ips: [], addresses: [], relays: [] }
    const { checks } = await checksOf({})
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['listening', 'reach', 'discovery', 'sessions', 'store', 'clock']),
    )
    expect(checks).toContainEqual(
      expect.objectContaining({ name: 'reach', state: 'warning', cause: 'behind_nat' }),
    )
  })
})

describe('p2p_peer_get_public_ip', () => {
  it('says how this node is seen, and asks others only when it is told to', async () => {
    expect(await call('get_public_ip', {}, reader)).toEqual({
      nat: 'unknown',
      public_ips: [],
      addresses: [],
      relays: [],
    })
    const at = tools.test.clock.now()
    mesh.reach = {
      nat: 'public',
      public_ips: [{ ip: '192.0.2.7', source: 'autonat', witnesses: 3, at }],
      addresses: [{ address: '/ip4/192.0.2.7/tcp/1', state: 'confirmed' }],
      relays: [{ peer_id: ANNE, addresses: ['/p2p-circuit'] }],
      checked_at: at,
    }
    expect(await call('get_public_ip', { refresh: true })).toMatchObject({
      ip: '192.0.2.7',
      nat: 'public',
      public_ips: [{ source: 'autonat', witnesses: 3, at: new Date(at).toISOString() }],
      relays: [{ peer_id: ANNE }],
      checked_at: new Date(at).toISOString(),
    })
    expect(mesh.asked).toEqual([false, true])
  })
})

describe('bad input', () => {
  const nested = { tool: 'text_echo', params: [] }
  it.each<[string, JsonObject, string]>([
    ['list', { kind: 'robot' }, '/kind'],
    ['list', { labels: 'gpu' }, '/labels'],
    ['list', { limit: 0 }, '/limit'],
    ['list', { tool: 'no_such_tool' }, '/tool'],
    ['discover', { tool: 'no_such_tool' }, '/tool'],
    ['discover', { limit: 1_001 }, '/limit'],
    ['discover', { timeout_ms: 60_001 }, '/timeout_ms'],
    ['discover', { refresh: 'yes' }, '/refresh'],
    ['register', { addresses: [] }, '/addresses'],
    ['register', { addresses: ['127.0.0.1:80'] }, '/addresses/0'],
    ['register', { addresses: Array(17).fill(at(1)) }, '/addresses'],
    ['register', { addresses: [`/dns4/${'x'.repeat(600)}/tcp/1`] }, '/addresses/0'],
    ['bootstrap', { addresses: ['/'] }, '/addresses/0'],
    ['bootstrap', { addresses: [''] }, '/addresses/0'],
    ['bootstrap', { addresses: ['/ip4/999.1.1.1/tcp/1'] }, '/addresses/0'],
    ['bootstrap', { addresses: Array(101).fill(at(1)) }, '/addresses'],
    ['bootstrap', { sources: ['carrier pigeon'] }, '/sources/0'],
    ['bootstrap', { addresses: [at(1)], sources: ['mdns'] }, '/sources'],
    ['connect', {}, '/peer_id'],
    ['connect', { peer_id: '12D3KooW' }, '/peer_id'],
    ['connect', { peer_id: `${ANNE}x` }, '/peer_id'],
    ['connect', { peer_id: 'Qm'.padEnd(46, 'l') }, '/peer_id'],
    ['connect', { address: 'http://127.0.0.1' }, '/address'],
    ['connect', { invite: 'nonsense', peer_id: ANNE }, '/peer_id'],
    ['connect', { invite: 'nonsense' }, '/invite'],
    ['disconnect', {}, '/peer_id'],
    ['disconnect', { peer_id: OWN_PEER_ID }, '/peer_id'],
    ['call_tool', { peer_id: BERT }, '/tool'],
    ['call_tool', { peer_id: BERT, ...nested }, '/params'],
    ['call_tool', { peer_id: BERT, tool: 'text_echo', timeout_ms: 0 }, '/timeout_ms'],
    ['metrics', { peer_id: 'nobody' }, '/peer_id'],
    ['get_public_ip', { refresh: 1 }, '/refresh'],
    ['diagnose', { peer_id: 'nobody' }, '/peer_id'],
    ['diagnose', { peer_id: OWN_PEER_ID }, '/peer_id'],
    ['diagnose', { peer_id: ANNE, invite: 'v1.x' }, '/peer_id'],
    ['diagnose', { peer_id: ANNE, refresh: true }, '/refresh'],
    ['diagnose', { timeout_ms: 1 }, '/timeout_ms'],
    ['cleanup', { older_than_ms: -1 }, '/older_than_ms'],
    ['cleanup', { older_than: 1 }, '/older_than'],
  ])('%s %j is refused by the name of its field', async (name, input, field) => {
    expect(await call(name, input)).toMatchObject({
      code: 'invalid_input',
      field,
      allowed: expect.stringMatching(/./),
    })
  })

  it.each(['discover', 'register', 'bootstrap', 'metrics', 'cleanup', 'get_public_ip', 'diagnose'])(
    'where the mesh is off, %s says what to switch on',
    async name => {
      tools.mesh = (await MeshToolsFixture.open()).mesh
      expect(await call(name)).toMatchObject({ code: 'unavailable', field: 'p2p.enabled', allowed: 'true' })
    },
  )
})

it('each tool for peers is for whom its role names', async () => {
  const may = {
    list: [reader],
    discover: [reader],
    metrics: [reader],
    get_public_ip: [reader],
    call_tool: [alice],
    register: [PEER],
  }
  const admins = ['bootstrap', 'connect', 'disconnect', 'cleanup']
  for (const [name, those] of [...Object.entries(may), ...admins.map(each => [each, []] as const)]) {
    for (const principal of [admin, alice, reader, PEER, principalWith('token:none')]) {
      const answer = tools.answer(`p2p_peer_${name}`, { no_such_parameter: 1 }, principal)
      if (principal === admin || those.some(each => each === principal))
        expect(await answer, name).toMatchObject({ isError: true })
      else await expect(answer, name).rejects.toMatchObject({ code: 'forbidden' })
    }
  }
})
