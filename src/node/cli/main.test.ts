import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { newFolder, toolmesh as run } from './node.fixture.ts'

const folder = newFolder()

const toolmesh = (args: string[], env: Record<string, string> = {}) => run(args, { env, cwd: folder })

describe('usage', () => {
  it('prints every command without arguments', async () => {
    const { status, stdout } = await toolmesh([])
    expect(status).toBe(0)
    for (const name of [
      'start',
      'stdio',
      'call <tool>',
      'tasks',
      'peers',
      'invite',
      'token',
      'connect',
      'demo',
    ]) {
      expect(stdout).toContain(`  ${name}`)
    }
  })

  it('prints what one command takes', async () => {
    const { status, stdout } = await toolmesh(['invite', '--help'])
    expect(status).toBe(0)
    expect(stdout).toContain('usage: toolmesh invite')
    expect(stdout).toContain('--ttl <time>')
  })

  it.each([
    [['strat'], 'toolmesh: unknown command "strat"; did you mean start?'],
    [['call'], 'toolmesh: usage: toolmesh call <tool> [json]'],
    [['call', 'crypto_hash', '{'], 'toolmesh: the input of crypto_hash: is not JSON'],
    [['call', 'crypto_hash', '[]'], 'toolmesh: the input of crypto_hash: got [], allowed: a JSON object'],
    [
      ['start', '--http.prot', '1'],
      'toolmesh: unknown setting --http.prot ("1") in the command line; did you mean --http.port?',
    ],
    [
      ['start', '--http.port', 'x'],
      'toolmesh: http.port: got "x" from --http.port, allowed: a whole number from 0 to 65535',
    ],
    [['peers', '--jsn'], 'toolmesh: unknown setting --jsn in the command line; did you mean --json?'],
    [['peers', '--url'], 'toolmesh: --url needs a value: --url <url>'],
    [['peers', '--url', 'mesh'], 'toolmesh: --url: got "mesh", allowed: a URL as http://127.0.0.1:8420'],
    [['invite', 'revoke'], 'toolmesh: usage: toolmesh invite [create | list | revoke <id>]'],
    [['invite', '--ttl', '5'], 'toolmesh: --ttl: got "5", allowed: a time as 90s, 30m, 24h or 7d'],
    [['tasks', 'submit'], 'toolmesh: usage: toolmesh tasks submit <tool> [json]'],
    [['config', '--config', 'gone.yaml'], 'toolmesh: gone.yaml: cannot be read'],
  ])('%j ends with one clear line and status 2', async (args, line) => {
    const { status, stdout, stderr } = await toolmesh(args)
    expect(stderr.startsWith(line), stderr).toBe(true)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })

  it('names a variable that no setting has', async () => {
    const { status, stderr } = await toolmesh(['config'], { TOOLMESH_HTTP_PROT: '1' })
    expect(stderr).toContain(
      'unknown setting TOOLMESH_HTTP_PROT ("1") in the environment; did you mean TOOLMESH_HTTP_PORT?',
    )
    expect(status).toBe(2)
  })

  it('gives the facts of an error with --json', async () => {
    const { stderr } = await toolmesh(['config', '--json', '--listing', 'all'])
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'invalid_input', field: 'listing', value: 'all' })
  })
})

describe('config', () => {
  it('prints every setting and where it came from', async () => {
    const file = join(folder, 'mesh.yaml')
    writeFileSync(file, 'listing: flat\n')
    const { stdout } = await toolmesh(['config', '--json', '--config', file], { TOOLMESH_HTTP_PORT: '9000' })
    const { settings } = JSON.parse(stdout)
    expect(settings).toContainEqual({ setting: 'listing', value: 'flat', from: file })
    expect(settings).toContainEqual({ setting: 'http.port', value: 9000, from: 'TOOLMESH_HTTP_PORT' })
    expect(settings).toContainEqual({ setting: 'p2p.relay', value: true, from: 'default' })
  })

  it('does not show the secret of an invite', async () => {
    const secret = 'A'.repeat(22)
    const invite = `https://a.example/join#v1.${secret}.12D3KooW${'a'.repeat(44)}`
    const { stdout, status } = await toolmesh(['config'], { TOOLMESH_P2P_JOIN: invite })
    expect(status).toBe(0)
    expect(stdout).toContain('https://a.example/join#v1.…')
    expect(stdout).not.toContain(secret)
  })
})

describe('a client of a node that is not there', () => {
  const other = createServer((_request, response) => response.writeHead(404).end('nothing here'))
  afterAll(() => other.close())

  it('says that there is none, with status 4', async () => {
    const { status, stderr } = await toolmesh(['peers', '--url', 'http://127.0.0.1:1'])
    expect(stderr).toBe('toolmesh: no node at http://127.0.0.1:1: start one with `npm start`\n')
    expect(status).toBe(4)
  })

  it('says that something else answers, with status 4', async () => {
    await new Promise<void>(listening => other.listen(0, '127.0.0.1', listening))
    const { port } = other.address() as AddressInfo
    const { status, stderr } = await toolmesh(['peers', '--url', `http://127.0.0.1:${port}`])
    expect(stderr).toContain(`http://127.0.0.1:${port} does not answer as a toolmesh node`)
    expect(status).toBe(4)
  })
})
