import { beforeEach, describe, expect, it } from 'vitest'
import { Authority } from '../authority/authority.ts'
import { MemoryAuthorityStore } from '../authority/memory-authority-store.ts'
import type { Principal } from '../authority/principal.ts'
import { openTestQueue, settle, TEST_TOOLS, type TestQueue, TestWorker } from '../queue/queue.fixture.ts'
import { Catalogue } from '../tools/catalogue.ts'
import type { JsonObject } from '../tools/tool.ts'
import { validateAgainst } from '../tools/validate.ts'
import { createSurface } from './create-surface.ts'
import { meshTools } from './mesh-tools.ts'
import { meshResources } from './resources/mesh-resources.ts'
import type { Surface } from './surface.ts'
import { principalWith, routerOf } from './text-tools.fixture.ts'
import type { OverviewView, PeerView } from './views.ts'

const PEER_ID = '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo'
const admin = principalWith('local', 'admin')
const alice = principalWith('token:alice', 'submit')
const bob = principalWith('token:bob', 'submit')
const reader = principalWith('token:reader', 'read')

const self: PeerView = {
  peer_id: PEER_ID,
  self: true,
  kind: 'node',
  labels: ['kind:node'],
  roles: ['admin'],
  connected: true,
  running: 0,
  credits: 0,
  tools: 3,
  succeeded: 0,
  failed: 0,
  first_seen: '2026-01-01T00:00:00.000Z',
  last_seen: '2026-01-01T00:00:00.000Z',
}

let test: TestQueue
let surface: Surface
let outputSchemas: Map<string, JsonObject>

beforeEach(async () => {
  test = await openTestQueue()
  const { queue, clock } = test
  const catalogue = new Catalogue(TEST_TOOLS.values())
  const authority = new Authority({
    store: new MemoryAuthorityStore(),
    clock,
    random: bytes => crypto.getRandomValues(bytes),
    ownPeerId: PEER_ID,
  })
  const peers = { list: () => [self], onChange: () => () => {} }
  const tools = meshTools({
    queue,
    authority,
    peers,
    connect: async ({ peerId }) => ({
      peer_id: peerId,
      roles: ['work'],
      expires_at: '2027-01-01T00:00:00.000Z',
    }),
    peerId: PEER_ID,
    origin: () => 'http://127.0.0.1:8420',
  })
  outputSchemas = new Map(tools.map(tool => [tool.name, tool.outputSchema ?? {}]))
  const overview = { read: () => ({ name: 'node' }) as OverviewView, onChange: () => () => {} }
  surface = createSurface({
    name: 'test',
    version: '1',
    catalogue,
    router: routerOf({}),
    tools,
    resources: meshResources({ overview, peers, queue, catalogue, clock }),
    clock,
  })
})

/** What the tool answers, held against the output schema that it is listed with unless it is an error. */
async function call(name: string, input: JsonObject, principal: Principal = admin): Promise<JsonObject> {
  const signal = new AbortController().signal
  const { structuredContent = {}, isError } = await surface.callTool(name, input, { principal, signal })
  const schema = outputSchemas.get(name)
  if (isError !== true && schema !== undefined)
    validateAgainst(schema, JSON.parse(JSON.stringify(structuredContent)), name)
  return structuredContent
}

async function submitted(principal: Principal = alice, input: JsonObject = {}): Promise<string> {
  const { tasks } = await call(
    'p2p_taskqueue_submit',
    { tool: 'work', params: { n: 1 }, ...input },
    principal,
  )
  const [task] = Array.isArray(tasks) ? tasks : []
  return typeof task === 'object' && task !== null && 'task_id' in task ? String(task.task_id) : ''
}

/** A worker that took one task; ends it when the test says so. */
async function worker(): Promise<TestWorker> {
  const taking = new TestWorker('peer-w')
  test.queue.announce(taking, taking.announcement(1))
  await settle()
  return taking
}

describe('p2p_taskqueue', () => {
  it('submits one task or many, with a receipt for each', async () => {
    expect(await call('p2p_taskqueue_submit', { tool: 'work', params: { n: 1 }, priority: 9 })).toEqual({
      tasks: [{ task_id: expect.any(String), state: 'queued', deduplicated: false }],
    })
    const again = { tool: 'work', idempotency_key: 'k' }
    const many = await call('p2p_taskqueue_submit', {
      tasks: [
        again,
        again,
        { tool: 'nope' },
        { tool: 'work', prio: 1 },
        { tool: 'work', params: { n: 'x' } },
      ],
    })
    expect(many).toMatchObject({
      tasks: [
        { state: 'queued', deduplicated: false },
        { deduplicated: true },
        { error: { code: 'invalid_input', field: '/tool', value: 'nope' } },
        { error: { code: 'invalid_input', field: '/prio' } },
        { error: { code: 'invalid_input', field: '/params/n' } },
      ],
    })
  })

  it('refuses a single task, or a mixture of both forms, by naming the field', async () => {
    const refusals: [JsonObject, string][] = [
      [{ tool: 'nope' }, '/tool'],
      [{ params: {} }, '/tool'],
      [{ tool: 'work', params: { n: 'x' } }, '/params/n'],
      [{ tool: 'work', params: [] }, '/params'],
      [{ tool: 'work', priority: 11 }, '/priority'],
      [{ tool: 'work', nonsense: 1 }, '/nonsense'],
      [{ tasks: [{ tool: 'work' }], tool: 'work' }, '/tool'],
      [{ tasks: [] }, '/tasks'],
    ]
    for (const [input, field] of refusals) {
      expect(await call('p2p_taskqueue_submit', input)).toMatchObject({ code: 'invalid_input', field })
    }
  })

  it('shows a task from its submit to its result', async () => {
    const id = await submitted()
    const taking = await worker()
    expect(await call('p2p_taskqueue_task_status', { task_id: id }, alice)).toMatchObject({
      task_id: id,
      state: 'running',
      tool: 'work',
      priority: 5,
      principal: 'token:alice',
      attempts: [
        { number: 1, fence: 1, peer_id: 'peer-w', state: 'running', started_at: expect.stringMatching(/Z$/) },
      ],
    })
    expect(await call('p2p_taskqueue_get_result', { task_id: id }, alice)).toEqual({
      task_id: id,
      state: 'running',
    })
    const waiting = call('p2p_taskqueue_get_result', { task_id: id, wait_ms: 60_000 }, alice)
    await settle()
    taking.calls[0]?.end({ state: 'succeeded', result: { done: true } })
    expect(await waiting).toEqual({ task_id: id, state: 'succeeded', result: { done: true } })
    expect(await call('p2p_taskqueue_status', {})).toMatchObject({
      counts: { succeeded: 1, queued: 0 },
      peers: 1,
      workers: [{ peer_id: 'peer-w', succeeded: 1 }],
    })
  })

  it('lists tasks by state, in pages', async () => {
    const ids = [await submitted(), await submitted(), await submitted()]
    await call('p2p_taskqueue_cancel', { task_id: ids[0] ?? '' })
    const first = await call('p2p_taskqueue_list_tasks', { state: 'queued', limit: 1 })
    expect(first).toMatchObject({ tasks: [{ task_id: ids[2], state: 'queued', attempts: 0 }] })
    const second = await call('p2p_taskqueue_list_tasks', {
      state: ['queued'],
      limit: 1,
      cursor: first.next_cursor ?? '',
    })
    expect(second).toMatchObject({ tasks: [{ task_id: ids[1] }] })
    expect(await call('p2p_taskqueue_list_tasks', { order: 'oldest' })).toMatchObject({
      tasks: [{ task_id: ids[0], state: 'cancelled', error: { code: 'cancelled' } }, {}, {}],
    })
    expect(await call('p2p_taskqueue_list_tasks', { state: 'gone' })).toMatchObject({ field: '/state' })
  })

  it('shows a submitter its own tasks only, a reader all, and lets only owner and admin cancel', async () => {
    const id = await submitted(alice)
    const input = { task_id: id }
    for (const name of ['task_status', 'get_result', 'cancel']) {
      expect(await call(`p2p_taskqueue_${name}`, input, bob)).toMatchObject({ code: 'not_found' })
    }
    expect(await call('p2p_taskqueue_list_tasks', {}, bob)).toEqual({ tasks: [] })
    expect(await call('p2p_taskqueue_task_status', input, reader)).toMatchObject({ state: 'queued' })
    expect(await call('p2p_taskqueue_list_tasks', {}, reader)).toMatchObject({ tasks: [{ task_id: id }] })
    const signal = new AbortController().signal
    await expect(
      surface.callTool('p2p_taskqueue_cancel', input, { principal: reader, signal }),
    ).rejects.toMatchObject({ code: 'forbidden' })
    const readingSubmitter = principalWith('token:both', 'read', 'submit')
    expect(await call('p2p_taskqueue_cancel', input, readingSubmitter)).toMatchObject({ code: 'not_found' })
    expect(await call('p2p_taskqueue_cancel', input, alice)).toEqual({ task_id: id, state: 'cancelled' })
    expect(await call('p2p_taskqueue_cancel', input, admin)).toMatchObject({ code: 'conflict' })
  })

  it('passes a full queue on as a limit', async () => {
    test = await openTestQueue({ limits: { liveTasks: 1 } })
    const tools = meshTools({
      queue: test.queue,
      authority: new Authority({
        store: new MemoryAuthorityStore(),
        clock: test.clock,
        random: bytes => bytes,
        ownPeerId: PEER_ID,
      }),
      peers: { list: () => [] },
      connect: () => Promise.reject(new Error('not here')),
      peerId: PEER_ID,
      origin: () => '',
    })
    const full = createSurface({
      name: 'full',
      version: '1',
      catalogue: new Catalogue([]),
      router: routerOf({}),
      tools,
      clock: test.clock,
    })
    const submit = () =>
      full.callTool(
        'p2p_taskqueue_submit',
        { tool: 'work' },
        { principal: alice, signal: new AbortController().signal },
      )
    await submit()
    await expect(submit()).rejects.toMatchObject({ code: 'queue_full' })
  })
})

describe('invites, tokens and peers', () => {
  it('makes an invite link, lists it without its secret, and revokes it', async () => {
    const made = await call('p2p_invite_create', {
      roles: ['work', 'read'],
      ttl_s: 3600,
      uses: 3,
      name: 'demo',
    })
    expect(made).toMatchObject({ roles: ['work', 'read'], uses: 3 })
    expect(made.url).toMatch(
      new RegExp(`^http://127\\.0\\.0\\.1:8420/join#v1\\.[A-Za-z0-9_-]{22}\\.${PEER_ID}$`),
    )
    const expected = new Date(test.clock.now() + 3_600_000).toISOString()
    expect(made.expires_at).toBe(expected)
    const listed = await call('p2p_invite_list', {})
    expect(listed).toMatchObject({ invites: [{ id: made.id, name: 'demo', uses: 3, used: 0, peers: [] }] })
    expect(JSON.stringify(listed)).not.toContain(String(made.url).split('.').at(-2))
    expect(await call('p2p_invite_revoke', { id: made.id ?? '' })).toEqual({ id: made.id, revoked: true })
    expect(await call('p2p_invite_list', {})).toEqual({ invites: [] })
    expect(await call('p2p_invite_revoke', { id: 'gone' })).toMatchObject({ code: 'not_found' })
  })

  it('names what is wrong with an invite that cannot be made', async () => {
    expect(await call('p2p_invite_create', { roles: ['god'] })).toMatchObject({
      field: '/roles/0',
      value: 'god',
    })
    expect(await call('p2p_invite_create', { ttl_s: 1, ttl_ms: 1 })).toMatchObject({ field: '/ttl_ms' })
    expect(await call('p2p_invite_create', { uses: 0 })).toMatchObject({ field: '/uses' })
  })

  it('is for admins, except to see peers', async () => {
    const signal = new AbortController().signal
    const admins = ['p2p_invite_create', 'p2p_invite_list', 'p2p_invite_revoke', 'p2p_peer_connect']
    for (const name of [...admins, 'p2p_token_create', 'p2p_token_list', 'p2p_token_revoke']) {
      await expect(surface.callTool(name, {}, { principal: alice, signal })).rejects.toMatchObject({
        code: 'forbidden',
      })
    }
    expect(await call('p2p_peer_list', {}, reader)).toEqual({ peers: [self] })
  })

  it('makes a token, lists it without its secret, and revokes it', async () => {
    const made = await call('p2p_token_create', { name: 'ci' })
    expect(made).toMatchObject({ token: expect.any(String), roles: ['read', 'submit'] })
    const listed = await call('p2p_token_list', {})
    expect(listed).toMatchObject({ tokens: [{ id: made.id, name: 'ci', roles: ['read', 'submit'] }] })
    expect(JSON.stringify(listed)).not.toContain(made.token)
    expect(await call('p2p_token_revoke', { id: made.id ?? '' })).toEqual({ id: made.id, revoked: true })
    expect(await call('p2p_token_list', {})).toEqual({ tokens: [] })
    expect(await call('p2p_token_revoke', { id: made.id ?? '' })).toMatchObject({ code: 'not_found' })
  })

  it('hands an invite to what connects', async () => {
    const invite = `http://127.0.0.1:1/join#v1.${'a'.repeat(22)}.${PEER_ID}`
    expect(await call('p2p_peer_connect', { invite })).toMatchObject({ peer_id: PEER_ID })
    expect(await call('p2p_peer_connect', { invite: 'nonsense' })).toMatchObject({ code: 'invalid_input' })
  })
})

describe('the resources', () => {
  it('are listed by role and read', async () => {
    const uris = (principal: Principal) => surface.listResources(principal).map(({ uri }) => uri)
    expect(uris(reader)).toEqual(['mesh://overview', 'mesh://peers', 'mesh://tasks', 'mesh://tools'])
    expect(uris(alice)).toEqual(['mesh://tasks', 'mesh://tools'])
    expect(surface.listResourceTemplates(reader).map(({ uriTemplate }) => uriTemplate)).toEqual([
      'mesh://peers/{id}',
      'mesh://tasks/{id}',
    ])
    expect(await surface.readResource('mesh://overview', reader)).toEqual({ name: 'node' })
    expect(await surface.readResource('mesh://peers', reader)).toEqual({ peers: [self] })
    expect(await surface.readResource(`mesh://peers/${PEER_ID}`, reader)).toEqual(self)
    expect(await surface.readResource('mesh://tools', alice)).toMatchObject({
      tools: [{ name: 'work', repeat: 'pure', platforms: ['node', 'browser'] }, {}, {}],
    })
    for (const uri of [
      'mesh://peers/nobody',
      'mesh://tasks/none',
      'mesh://tasks/%',
      'mesh://tasks/a/b',
      'mesh://x',
    ]) {
      await expect(surface.readResource(uri, reader)).rejects.toMatchObject({ name: 'UnknownResourceError' })
    }
    await expect(surface.readResource('mesh://peers', alice)).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('show a submitter its own tasks', async () => {
    const mine = await submitted(alice)
    const other = await submitted(bob)
    expect(await surface.readResource('mesh://tasks', reader)).toMatchObject({
      counts: { queued: 2 },
      tasks: [{ task_id: other }, { task_id: mine }],
    })
    expect(await surface.readResource('mesh://tasks', alice)).toMatchObject({
      counts: { queued: 1 },
      tasks: [{ task_id: mine }],
    })
    expect(await surface.readResource(`mesh://tasks/${mine}`, alice)).toMatchObject({
      params: { n: 1 },
      attempts: [],
    })
    await expect(surface.readResource(`mesh://tasks/${other}`, alice)).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('tell a submitter nothing of what others do', async () => {
    const heard: string[] = []
    const id = await submitted(bob)
    for (const [name, principal] of Object.entries({ alice, bob, reader })) {
      for (const uri of ['mesh://tasks', `mesh://tasks/${id}`]) {
        surface.subscribe(uri, principal, () => heard.push(name))
      }
    }
    await worker()
    await test.clock.advance(3000)
    expect(new Set(heard)).toEqual(new Set(['bob', 'reader']))
    await submitted(alice)
    expect(heard).toContain('alice')
  })

  it('tell of each change of a task, and of its progress while it runs', async () => {
    let all = 0
    let one = 0
    const id = await submitted()
    const stopAll = surface.subscribe('mesh://tasks', reader, () => (all += 1))
    const stopOne = surface.subscribe(`mesh://tasks/${id}`, reader, () => (one += 1))
    await test.clock.advance(3000)
    expect([all, one]).toEqual([0, 0])
    const taking = await worker()
    expect([all, one]).toEqual([1, 1])
    await test.clock.advance(2100)
    expect([all, one]).toEqual([3, 3])
    taking.calls[0]?.end({ state: 'succeeded', result: {} })
    await settle()
    await test.clock.advance(5000)
    expect([all, one]).toEqual([4, 4])
    await submitted()
    expect([all, one]).toEqual([5, 4])
    stopAll()
    stopOne()
  })
})
