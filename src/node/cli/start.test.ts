import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { STARTS_AS_NPM_COMMAND } from '../test-runtime.fixture.ts'
import { toolmeshHere } from './in-process.fixture.ts'
import { newFolder, type Started, startedNode, toolmesh } from './node.fixture.ts'

/** Tests of the entry's restart have no place under Deno, which has none. */
const OLD_NODE = !STARTS_AS_NPM_COMMAND
  ? undefined
  : ['/usr/bin/node', '/usr/local/bin/node'].find(path => {
      const version = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? ''
      return /^v(1[4-9]|2[0-3])\./.test(version)
    })

/** What it wrote, without the notice that a checkout whose sources were edited since the last build is built first. */
function lines(stderr: string): string[] {
  return stderr
    .trimEnd()
    .split('\n')
    .filter(line => !line.startsWith('building '))
}

function start(...args: string[]) {
  return toolmesh(['start', '--port', '0', ...args])
}

describe('a start that cannot be', () => {
  it('names a port that is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise(listening => other.once('listening', listening))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { status, stderr } = await start('--port', String(port), '--data-dir', newFolder())
    other.close()
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`^toolmesh: .*port ${port}.*in use`))
    expect(status).toBeGreaterThan(0)
  })

  it('says that a node which serves nothing is none', async () => {
    const { status, stderr } = await start(
      '--http.enabled=false',
      '--p2p.enabled=false',
      '--data-dir',
      newFolder(),
    )
    expect(stderr).toMatch(/^toolmesh: http.enabled and p2p.enabled are both off/m)
    expect(status).toBe(2)
  })

  it('names a data directory that cannot be written', async () => {
    const file = join(newFolder(), 'file')
    writeFileSync(file, '')
    const { status, stderr } = await start('--data-dir', join(file, 'data'))
    expect(stderr).toMatch(/^toolmesh: dataDir: cannot write to .*file\/data/m)
    expect(status).toBeGreaterThan(0)
  })

  it('leaves a damaged identity alone and says what to do', async () => {
    const dataDir = newFolder()
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(join(dataDir, 'identity.key'), 'damaged')
    const { status, stderr } = await start('--data-dir', dataDir)
    expect(stderr).toMatch(/^toolmesh: the identity file .*identity\.key is damaged/m)
    expect(status).toBeGreaterThan(0)
    expect(readFileSync(join(dataDir, 'identity.key'), 'utf8')).toBe('damaged')
  })
})

describe('a start on a damaged mesh folder', () => {
  it('says in one line where the files are', async () => {
    const first = await startedNode()
    await first.end('SIGTERM')
    const key = join(first.dataDir, 'libp2p', 'pkcs8', 'webrtc-direct-certificate-private-key.data')
    writeFileSync(key, 'garbage')
    const { status, stderr } = await toolmesh(['start', '--port', '0', '--data-dir', first.dataDir])
    expect(status).toBe(4)
    expect(lines(stderr)).toEqual([
      expect.stringMatching(/^toolmesh: the mesh cannot start: .*libp2p, which can be moved away\)$/),
    ])
  })
})

describe('a running node', () => {
  let node: Started
  beforeAll(async () => {
    node = await startedNode()
  })
  afterAll(async () => {
    await node.end('SIGKILL')
  })
  const ask = (...args: string[]) => toolmeshHere([...args, '--data-dir', node.dataDir])
  const json = async (...args: string[]) => JSON.parse((await ask(...args, '--json')).stdout)

  it('keeps its data directory from a second one', async () => {
    const { status, stderr } = await start('--data-dir', node.dataDir)
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^toolmesh: .*in use/)
    expect(status).toBe(1)
  })

  it('is found by commands through its data directory', async () => {
    const { stdout, status } = await ask('call', 'crypto_hash', '{"text":"abc"}')
    expect(status).toBe(0)
    expect(JSON.parse(stdout).digest).toMatch(/^ba7816bf/)
    expect((await json('peers')).peers[0]).toMatchObject({ self: true, peer_id: node.facts.peer_id })
  })

  it('gives the status of the error table to commands', async () => {
    const unknown = await ask('call', 'no_such_tool')
    expect(unknown).toMatchObject({ status: 1, stdout: '' })
    expect(unknown.stderr).toContain('no_such_tool')
    const invalid = await ask('call', 'crypto_hash', '{"text":7}', '--json')
    expect(invalid.status).toBe(2)
    expect(JSON.parse(invalid.stderr).error).toMatchObject({ code: 'invalid_input', field: '/text' })
    expect((await ask('tasks', 'result', 'FuX7D3qv-nobody')).status).toBe(1)
  })

  it('takes tasks, once for each key, and gives their results', async () => {
    const submit = ['tasks', 'submit', 'crypto_hash', '{"text":"abc"}', '--key', 'k', '--priority', '9']
    const [first, again] = [(await json(...submit)).tasks[0], (await json(...submit)).tasks[0]]
    expect(again).toMatchObject({ task_id: first.task_id, deduplicated: true })
    const ended = await json('tasks', 'result', first.task_id, '--wait', '30s')
    expect(ended).toMatchObject({ state: 'succeeded', result: { algorithm: 'sha-256' } })
    expect((await json('tasks', 'list', '--tool', 'crypto_hash')).tasks).toHaveLength(1)
    expect((await ask('tasks', 'status')).stdout).toMatch(/^succeeded +1$/m)
  })

  it('makes, lists and revokes invites and tokens', async () => {
    const made = await json('invite', '--roles', 'work', '--ttl', '30m', '--uses', '3', '--label', 'tabs')
    expect(made.url).toMatch(/\/join#v1\./)
    const listed = (await json('invite', 'list')).invites.find(
      (invite: { name?: string }) => invite.name === 'tabs',
    )
    expect(listed).toMatchObject({ roles: ['work'], uses: 3 })
    expect((await ask('invite', 'revoke', listed.id)).status).toBe(0)
    const token = await json('token', '--roles', 'read', '--ttl', '1h', '--label', 'metrics')
    expect(token.token).toMatch(/^\S{20,}$/)
    expect((await json('token', 'list')).tokens).toMatchObject([
      { id: token.id, name: 'metrics', roles: ['read'] },
    ])
    expect((await ask('token', 'revoke', token.id)).status).toBe(0)
    expect((await json('token', 'list')).tokens).toEqual([])
  })
})

describe('the data directory', () => {
  it('holds nothing that others may read', async () => {
    const node = await startedNode(['--auth.mode', 'token'])
    try {
      const entries = readdirSync(node.dataDir)
      expect(entries).toEqual(
        expect.arrayContaining(['identity.key', 'authority.json', 'queue.db', 'libp2p']),
      )
      for (const name of entries) expect(statSync(join(node.dataDir, name)).mode & 0o077, name).toBe(0)
    } finally {
      await node.end('SIGKILL')
    }
  })
})

describe('signals', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('ends in order with status 0 on %s', async signal => {
    const node = await startedNode()
    expect(existsSync(join(node.dataDir, 'running.json'))).toBe(true)
    expect(await node.end(signal)).toBe(0)
    expect(existsSync(join(node.dataDir, 'running.json'))).toBe(false)
  })

  it.skipIf(OLD_NODE === undefined)(
    'are passed on by the starter under an old Node, one for one',
    async () => {
      const node = await startedNode([], { node: OLD_NODE ?? '' })
      expect(await node.end('SIGTERM')).toBe(0)
      expect(existsSync(join(node.dataDir, 'running.json'))).toBe(false)
    },
  )

  it.skipIf(OLD_NODE === undefined)('end the node also when its starter was killed', async () => {
    const node = await startedNode([], { node: OLD_NODE ?? '' })
    await node.end('SIGKILL')
    await expect.poll(() => existsSync(join(node.dataDir, 'running.json')), { timeout: 20_000 }).toBe(false)
  })
})

describe('token mode', () => {
  it('keeps a credential for commands on this machine that only its user can read', async () => {
    const node = await startedNode(['--auth.mode', 'token'])
    try {
      expect(node.facts.dashboard).toMatch(/\/#v1\.[\w-]{22}\./)
      expect(statSync(join(node.dataDir, 'running.json')).mode & 0o777).toBe(0o600)
      const known = await toolmesh(['peers', '--data-dir', node.dataDir])
      expect(known.status).toBe(0)
      const unknown = await toolmesh(['peers', '--url', new URL(node.facts.mcp).origin])
      expect(unknown.status).toBe(3)
      expect(unknown.stderr).toContain('give one with --token or TOOLMESH_TOKEN')
    } finally {
      await node.end('SIGKILL')
    }
  })
})

describe.skipIf(OLD_NODE === undefined)('under a Node that is too old', () => {
  it('starts itself again under the packaged one, with the same output and status', async () => {
    const options = { node: OLD_NODE ?? '' }
    expect(await toolmesh(['config', '--json'], options)).toEqual(await toolmesh(['config', '--json']))
    const refused = await toolmesh(['config', '--nope'], options)
    expect(refused.status).toBe(2)
    expect(refused.stderr).toContain('unknown setting --nope')
  })
})
