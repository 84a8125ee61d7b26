import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Check } from '../../shared/mesh/diagnosis/check.ts'
import { toolmeshHere } from './in-process.fixture.ts'
import { type Started, startedNode } from './node.fixture.ts'

const emptyFolder = () => mkdtempSync(join(tmpdir(), 'toolmesh-doctor-'))

async function diagnosed(...args: string[]): Promise<{ status: number; state: string; checks: Check[] }> {
  const { status, stdout, stderr } = await toolmeshHere(['doctor', ...args, '--json'])
  expect(stderr).toBe('')
  return { status, ...JSON.parse(stdout) }
}

describe('toolmesh doctor', () => {
  let node: Started
  let other: Started
  let addresses: string[]
  beforeAll(async () => {
    ;[node, other] = await Promise.all([startedNode(), startedNode()])
    const response = await fetch(new URL('/.well-known/toolmesh.json', other.facts.mcp))
    addresses = (await response.json()).multiaddrs
  })
  afterAll(() => Promise.all([node.end('SIGKILL'), other.end('SIGKILL')]))

  const ask = (...args: string[]) => diagnosed(...args, '--data-dir', node.dataDir)
  const tcp = () => addresses.find(each => /\/tcp\/\d+\/p2p\/[^/]+$/.test(each)) ?? ''

  it('finds nothing wrong with a node that runs', async () => {
    const { status, state, checks } = await ask()
    expect([status, state]).toEqual([0, 'ok'])
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'program',
        'node',
        'listening',
        'reach',
        'sessions',
        'store',
        'clock',
        'module',
      ]),
    )
    const { stdout } = await toolmeshHere(['doctor', '--data-dir', node.dataDir])
    expect(stdout).toMatch(/^✓ store +tasks and workflows are kept$/m)
    expect(stdout).toMatch(/^All is well\.$/m)
  })

  it('says that a peer is reached and gives no rights; and finds nothing wrong once it was joined', async () => {
    const stranger = await ask(tcp())
    expect(stranger.status).toBe(1)
    expect(stranger.checks).toContainEqual(
      expect.objectContaining({ name: 'address', state: 'ok', address: tcp(), ms: expect.any(Number) }),
    )
    expect(stranger.checks).toContainEqual(
      expect.objectContaining({ name: 'authority', state: 'failed', cause: 'no_grant' }),
    )
    const invite = other.facts.join.url
    expect((await toolmeshHere(['connect', invite, '--data-dir', node.dataDir])).status).toBe(0)
    const { status, state, checks } = await ask(invite)
    expect([status, state], JSON.stringify(checks)).toEqual([0, 'ok'])
    expect(checks.filter(({ name }) => name === 'address').length).toBeGreaterThanOrEqual(3)
    expect(checks).toContainEqual(
      expect.objectContaining({ name: 'clock', state: 'ok', summary: expect.stringContaining('as that of') }),
    )
  })

  it('names the step, the cause and what to do for a refused port, and for one of another peer', async () => {
    const refused = await ask('/ip4/127.0.0.1/tcp/9')
    expect(refused.status).toBe(1)
    expect(refused.checks).toContainEqual(
      expect.objectContaining({
        ...{ name: 'address', state: 'failed', cause: 'refused' },
        steps: [expect.objectContaining({ step: 'dial', error: expect.anything() })],
        advice: expect.stringContaining('nothing has that port'),
      }),
    )
    const wrong = tcp().replace(/\/p2p\/.*/, `/p2p/12D3KooWRBhwfeP2Y9CDkFRBAZ1pmxUadH36TKuk3KtKm5XXP8mA`)
    const { checks } = await ask(wrong)
    expect(checks.find(({ name }) => name === 'address')).toMatchObject({
      state: 'failed',
      cause: 'other_peer',
    })
  })

  it('says that the node of an invite is down', async () => {
    const gone = `http://127.0.0.1:9/join#v1.${'a'.repeat(22)}.12D3KooWRBhwfeP2Y9CDkFRBAZ1pmxUadH36TKuk3KtKm5XXP8mA`
    const { status, checks } = await ask(gone)
    expect(status).toBe(1)
    expect(checks).toContainEqual(expect.objectContaining({ name: 'origin', cause: 'refused' }))
    expect(checks).toContainEqual(expect.objectContaining({ name: 'address', cause: 'no_address' }))
  })

  it('refuses what names no peer', async () => {
    const { status, stderr } = await toolmeshHere(['doctor', 'nobody', '--data-dir', node.dataDir])
    expect([status, stderr]).toEqual([2, expect.stringContaining('peer id')])
    expect((await toolmeshHere(['doctor', tcp(), '--refresh', '--data-dir', node.dataDir])).status).toBe(2)
  })
})

describe('toolmesh doctor where no node runs', () => {
  it('looks at what can be looked at, and says how to start one', async () => {
    const { status, checks } = await diagnosed('--data-dir', emptyFolder(), '--port', '9')
    expect(status).toBe(1)
    expect(checks).toContainEqual(
      expect.objectContaining({
        name: 'node',
        cause: 'no_node',
        advice: expect.stringContaining('toolmesh start'),
      }),
    )
    expect(checks).toContainEqual(expect.objectContaining({ name: 'data', state: 'ok' }))
    expect(checks.filter(({ name }) => name === 'module')).toHaveLength(2)
  })

  it('names the program that has the port', async () => {
    const server = createServer(socket => socket.destroy()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    const { checks } = await diagnosed('--data-dir', emptyFolder(), '--port', port)
    server.close()
    const inUse = checks.find(({ name }) => name === 'port')
    expect(inUse).toMatchObject({ state: 'failed', cause: 'port_in_use' })
    if (process.platform === 'linux') expect(inUse?.summary).toContain(`process ${process.pid}`)
  })

  it('says that the folder cannot be written', async () => {
    const { checks } = await diagnosed('--data-dir', '/dev/null/data', '--port', '9')
    expect(checks).toContainEqual(
      expect.objectContaining({ name: 'data', state: 'failed', cause: 'data_dir' }),
    )
  })
})

describe('toolmesh doctor where the mesh is off', () => {
  it('says so: a warning for the node, and the cause where a peer is asked for', async () => {
    const node = await startedNode(['--p2p.enabled=false'])
    try {
      const own = await diagnosed('--data-dir', node.dataDir)
      expect(own).toMatchObject({ status: 0, state: 'warning' })
      const peer = await diagnosed('/ip4/127.0.0.1/tcp/9', '--data-dir', node.dataDir)
      expect(peer).toMatchObject({ status: 1, state: 'failed' })
      expect(peer.checks).toContainEqual(expect.objectContaining({ name: 'mesh', cause: 'mesh_off' }))
    } finally {
      await node.end('SIGKILL')
    }
  })
})
