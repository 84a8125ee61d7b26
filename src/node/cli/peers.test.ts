import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toolmeshHere } from './in-process.fixture.ts'
import { type Started, startedNode } from './node.fixture.ts'

describe('toolmesh peers', () => {
  let node: Started
  let other: Started
  /** Where the other node listens. */
  let address: string
  beforeAll(async () => {
    ;[node, other] = await Promise.all([startedNode(), startedNode()])
    address = (await otherAddresses()).find(each => /\/tcp\/\d+\/p2p\/[^/]+$/.test(each)) ?? ''
  })
  afterAll(() => Promise.all([node.end('SIGKILL'), other.end('SIGKILL')]))

  const at = (of: Started, ...args: string[]) => toolmeshHere([...args, '--data-dir', of.dataDir])
  const ask = (...args: string[]) => at(node, 'peers', ...args)
  async function text(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await ask(...args)
    expect([status, stderr], args.join(' ')).toEqual([0, ''])
    return stdout
  }
  const json = async (...args: string[]) => JSON.parse(await text(...args, '--json'))
  async function call(of: Started, tool: string, input: object) {
    const { status, stdout, stderr } = await at(of, 'call', tool, JSON.stringify(input))
    return { status, stderr, answer: stdout === '' ? undefined : JSON.parse(stdout) }
  }
  async function otherAddresses(): Promise<string[]> {
    const response = await fetch(new URL('/.well-known/toolmesh.json', other.facts.mcp))
    return (await response.json()).multiaddrs
  }

  it('connects to an address, shows the peer, and disconnects', async () => {
    const { peer_id } = other.facts
    expect(await ask('connect', peer_id)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(peer_id),
    })
    expect(await text('connect', address)).toBe(`connected to ${peer_id} by tcp\n`)
    expect(await json('connect', peer_id)).toMatchObject({ peer_id, path: 'tcp', direction: 'outbound' })
    expect(await text('list', '--kind', 'node', '--connected')).toMatch(
      new RegExp(`^${peer_id} .* tcp `, 'm'),
    )
    expect(await json('list', '--limit', '1')).toMatchObject({
      total: 2,
      peers: [{ self: true, peer_id: node.facts.peer_id }],
    })
    expect(await text('--limit', '1')).toContain('1 more: --limit 2')
    expect(await text('show', peer_id)).toMatch(/^connected by tcp.*; known$/m)
    expect(await json('show', peer_id)).toMatchObject({ peer_id, last_dials: [{ outcome: 'connected' }] })
    const figures = await text('metrics')
    expect(figures).toMatch(/^sessions: 1 open, 1 opened/m)
    expect(figures).toMatch(/^traffic: [1-9]\d* messages of /m)
    expect(await json('metrics')).toMatchObject({ peers: { connected: 1, paths: { tcp: 1 } } })
    expect(await text('disconnect', peer_id)).toBe(`disconnected from ${peer_id}\n`)
    expect(await text('disconnect', peer_id)).toBe(`there is no session with ${peer_id}\n`)
    expect(await text('discover')).toMatch(new RegExp(`^${peer_id} .* away `, 'm'))
    expect(await json('discover', '--refresh', '--wait', '2s')).toMatchObject({
      known: 1,
      peers: [{ peer_id, connected: false }],
      sources: expect.any(Array),
    })
    expect(await json('address', '--refresh')).toMatchObject({ nat: expect.any(String), relays: [] })
    expect(await text('address')).toMatch(/^listening +\/ip4\/127\.0\.0\.1\/tcp\/\d+\//m)
    expect((await ask('show', node.facts.peer_id)).status).toBe(2)
  })

  it('calls tools on a peer, and keeps values in its cache, as far as that peer lets this node', async () => {
    const { peer_id } = other.facts
    const hash = { peer_id, tool: 'crypto_hash', params: { text: 'abc' } }
    await call(node, 'p2p_peer_register', { addresses: [address] })
    const refused = await call(node, 'p2p_peer_call_tool', hash)
    expect(refused).toMatchObject({ status: 3, stderr: expect.stringContaining('to this node') })

    const invited = await call(other, 'p2p_invite_create', { roles: ['work', 'submit'] })
    expect(await text('connect', invited.answer.url)).toBe(`connected to ${peer_id}\n`)
    const called = await call(node, 'p2p_peer_call_tool', hash)
    const direct = await call(other, 'crypto_hash', hash.params)
    expect(called.answer).toEqual({ peer_id, tool: 'crypto_hash', result: direct.answer })

    const key = { namespace: 'n', key: 'k', peer_id }
    expect(await call(node, 'p2p_cache_set', { ...key, value: { a: 1 } })).toMatchObject({ status: 0 })
    expect((await call(node, 'p2p_cache_get', key)).answer).toMatchObject({ peer_id, value: { a: 1 } })
    const there = await call(other, 'p2p_cache_get', { namespace: 'n', key: 'k' })
    expect(there.answer).toMatchObject({ found: true, value: { a: 1 } })
    const here = await call(node, 'p2p_cache_has', { namespace: 'n', key: 'k' })
    expect(here.answer).toMatchObject({ found: false })

    expect(await call(node, 'p2p_peer_call_tool', { ...hash, tool: 'p2p_invite_list' })).toMatchObject({
      status: 3,
      stderr: expect.stringContaining(`the peer ${peer_id} refuses p2p_invite_list to this node`),
    })
    expect(await call(node, 'p2p_peer_call_tool', { ...hash, tool: 'no_such_tool' })).toMatchObject({
      status: 1,
    })
    expect(await call(node, 'p2p_peer_call_tool', { ...hash, params: { text: 5 } })).toMatchObject({
      status: 2,
    })
  })

  it('takes first peers from a file in its data folder, and from nowhere else unasked', async () => {
    const { peer_id } = other.facts
    await ask('disconnect', peer_id)
    await writeFile(join(node.dataDir, 'peers.txt'), `# friends\n${address}\nnonsense\n`)
    const { answer } = await call(node, 'p2p_bootstrap_from_file', { path: 'peers.txt' })
    expect(answer).toMatchObject({
      path: join(node.dataDir, 'peers.txt'),
      results: [{ peer_id, outcome: 'connected', path: 'tcp' }],
      refused: [{ at: 'line 3' }],
    })
    expect(await call(node, 'p2p_bootstrap_from_file', { path: 'gone' })).toMatchObject({ status: 1 })
    expect((await call(node, 'p2p_bootstrap_from_env', {})).answer).toEqual({ results: [], refused: [] })
    expect((await call(node, 'p2p_bootstrap_list', {})).answer).toMatchObject({
      configured: [],
      public_sets: [{ name: 'libp2p-public' }],
    })
  })

  it('shows a peer whose tools are known to who looks for one', async () => {
    const { peer_id } = node.facts
    const found = await at(other, 'peers', 'discover', '--tool', 'crypto_hash', '--json')
    expect(JSON.parse(found.stdout).peers).toMatchObject([{ peer_id, standing: 'granted', connected: true }])
    const listed = await at(other, 'peers', '--tool', 'crypto_hash', '--labels', 'kind:node', '--json')
    expect(JSON.parse(listed.stdout)).toMatchObject({ total: 2, peers: [{ self: true }, { peer_id }] })
  })

  it.each([
    [['connect'], 'usage: toolmesh peers connect <peer | address | invite url>'],
    [['show'], 'usage: toolmesh peers show <peer>'],
    [['conect', 'x'], 'did you mean connect?'],
    [['metrics', '--kind', 'tab'], '--kind: peers metrics does not take it; it is for list, discover'],
    [['discover', '--wait', '5s'], '--wait is for --refresh'],
    [['list', '--limit', '0'], '--limit: got "0"'],
  ])('%j ends with one clear line and status 2', async (args, line) => {
    const { status, stdout, stderr } = await toolmeshHere(['peers', ...args])
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(line)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })
})
