import { beforeEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../tools/tool.ts'
import { admin, alice, MeshToolsFixture, reader } from '../mesh-tools.fixture.ts'
import { ANNE, at, BERT, CARL, TestMesh } from '../peer/peer-mesh.fixture.ts'

let tools: MeshToolsFixture
let mesh: TestMesh

beforeEach(async () => {
  tools = await MeshToolsFixture.open()
  mesh = new TestMesh(tools.test.clock)
  tools.mesh = () => mesh
  mesh.listeners.set(at(1), BERT)
})

const call = (name: string, input: JsonObject = {}) => tools.call(`p2p_bootstrap_${name}`, input)

describe('the tools that bootstrap', () => {
  it('take the peers of a file, and say what stands there besides', async () => {
    const asked: string[] = []
    tools.bootstrap.readFile = async path => {
      asked.push(path)
      return {
        path: `/data/${path}`,
        found: [
          { addresses: [at(1)] },
          { peer_id: CARL, addresses: [at(2)] },
          { announcement: { text: '{"peer_id":"forged"}', signature: '' } },
          { announcement: { text: 'no JSON', signature: '' } },
        ],
        refused: [{ at: 'line 3', reason: 'no multiaddr' }],
      }
    }
    expect(await call('from_file', { path: 'peers.txt' })).toMatchObject({
      path: '/data/peers.txt',
      results: [
        { peer_id: BERT, outcome: 'connected' },
        { peer_id: CARL, outcome: 'failed', error: { code: 'unavailable' } },
        { outcome: 'ignored' },
        { outcome: 'ignored' },
      ],
      refused: [{ at: 'line 3' }],
    })
    expect(asked).toEqual(['peers.txt'])
    expect(mesh.book.entry(CARL)?.addresses[0]?.sources).toEqual(['file'])
  })

  it('take what the environment says', async () => {
    Object.assign(tools.bootstrap, { environment: [at(1, BERT), 'nonsense'] })
    expect(await call('from_env', { connect: false })).toMatchObject({
      results: [{ peer_id: BERT, outcome: 'known' }],
      refused: ['nonsense'],
    })
    expect(mesh.sessions.size).toBe(0)
    expect(mesh.book.entry(BERT)?.addresses[0]?.sources).toEqual(['environment'])
  })

  it('take a set of public nodes only by its name', async () => {
    Object.assign(tools.bootstrap, { publicSets: { 'some-set': [at(1, BERT), at(2, ANNE)] } })
    expect(await call('from_public', { name: 'some-set' })).toMatchObject({
      results: [{ outcome: 'connected' }, { outcome: 'failed' }],
    })
    for (const input of [{ name: 'other' }, { name: 'constructor' }])
      expect(await call('from_public', input)).toMatchObject({
        code: 'invalid_input',
        field: '/name',
        allowed: 'some-set',
      })
    expect(await call('from_public')).toMatchObject({ field: '/name' })
  })

  it('list where peers come from', async () => {
    Object.assign(tools.bootstrap, { configured: ['https://host:8420'], publicSets: { 'some-set': [at(1)] } })
    expect(await call('list')).toMatchObject({
      namespace: 'toolmesh',
      configured: ['https://host:8420'],
      environment: [],
      public_sets: [{ name: 'some-set', addresses: [at(1)] }],
      sources: [
        { name: 'file', published: 3 },
        { name: 'mdns', error: { message: 'no network' } },
      ],
    })
  })

  it.each<[string, JsonObject, string]>([
    ['from_file', {}, '/path'],
    ['from_file', { path: '' }, '/path'],
    ['from_file', { path: 'a\0b' }, '/path'],
    ['from_file', { path: 5 }, '/path'],
    ['from_file', { path: 'x'.repeat(5_000) }, '/path'],
    ['from_env', { connect: 'yes' }, '/connect'],
    ['from_env', { name: 'X' }, '/name'],
    ['list', { all: true }, '/all'],
  ])('%s %j is refused by the name of its field', async (name, input, field) => {
    expect(await call(name, input)).toMatchObject({ code: 'invalid_input', field })
  })

  it('are for admins, and say what to switch on where the mesh is off', async () => {
    tools.mesh = (await MeshToolsFixture.open()).mesh
    for (const [name, input] of Object.entries({ from_file: { path: 'x' }, from_env: {}, list: {} })) {
      expect(await call(name, input)).toMatchObject({ code: 'unavailable', field: 'p2p.enabled' })
      for (const principal of [alice, reader])
        await expect(tools.answer(`p2p_bootstrap_${name}`, input, principal)).rejects.toMatchObject({
          code: 'forbidden',
        })
    }
    expect(await tools.answer('p2p_bootstrap_list', {}, admin)).toMatchObject({ isError: true })
  })
})
