import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SETTINGS } from './config/schema.ts'
import { type ConfigInput, loadConfig, loadConfigWithOrigins } from './config.ts'

const emptyFolder = mkdtempSync(join(tmpdir(), 'toolmesh-config-'))

function load(input: Partial<ConfigInput> = {}) {
  return loadConfig({ cwd: emptyFolder, env: {}, ...input })
}

function folderWith(yaml: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'toolmesh-config-'))
  writeFileSync(join(folder, 'toolmesh.yaml'), yaml)
  return folder
}

describe('order of the sources', () => {
  const cwd = folderWith('http:\n  port: 1001\n  host: 127.0.0.2\nlisting: flat\n')

  it('has a default for every setting', async () => {
    const config = await load()
    expect(config).toMatchObject({
      listing: 'meta',
      http: { enabled: true, host: '127.0.0.1', port: 8420, tls: 'off' },
      auth: { mode: 'local' },
      queue: { lease: 30_000, grace: 5_000, synchronous: 'full' },
    })
    expect(config.dataDir).toBe(join(emptyFolder, '.toolmesh'))
    expect(config.workers.max).toBeGreaterThan(0)
  })

  it('takes the file over the default, the variable over the file, the flag over the variable', async () => {
    const env = { TOOLMESH_HTTP_PORT: '1002' }
    const flags = [{ name: 'http.port', value: '1003' }]
    expect((await load({ cwd })).http.port).toBe(1001)
    expect((await load({ cwd, env })).http.port).toBe(1002)
    expect((await load({ cwd, env, flags })).http.port).toBe(1003)
    expect((await load({ cwd, env, flags })).http.host).toBe('127.0.0.2')
  })

  it('says where each value came from', async () => {
    const { origins } = await loadConfigWithOrigins({
      cwd,
      env: { TOOLMESH_LOG_LEVEL: 'debug' },
      flags: [{ name: 'port', value: '0' }],
    })
    expect(Object.fromEntries(origins)).toMatchObject({
      listing: 'toolmesh.yaml',
      'http.port': '--port',
      'log.level': 'TOOLMESH_LOG_LEVEL',
      name: 'default',
    })
  })

  it('reads any valid port the same from a flag, a variable and the file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 65_535 }), async port => {
        const fromFlag = await load({ flags: [{ name: 'http.port', value: String(port) }] })
        const fromVariable = await load({ env: { TOOLMESH_HTTP_PORT: String(port) } })
        const fromYaml = await load({ cwd: folderWith(`http: { port: ${port} }`) })
        expect([fromFlag, fromVariable, fromYaml].map(config => config.http.port)).toEqual([port, port, port])
      }),
      { numRuns: 20 },
    )
  })

  it('takes short and kebab-case flags, lists with commas and repeated, and negated flags', async () => {
    const config = await load({
      flags: [
        { name: 'host', value: '127.0.0.1' },
        { name: 'data-dir', value: '/tmp/mesh' },
        { name: 'p2p.relay', value: false },
        { name: 'http.origins', value: 'https://a.example,https://b.example' },
        { name: 'http.origins', value: 'https://c.example' },
      ],
    })
    expect(config.dataDir).toBe('/tmp/mesh')
    expect(config.p2p.relay).toBe(false)
    expect(config.http.origins).toEqual(['https://a.example', 'https://b.example', 'https://c.example'])
  })

  it('ignores an empty variable, an empty file and an empty section', async () => {
    expect((await load({ env: { TOOLMESH_HTTP_PORT: '' } })).http.port).toBe(8420)
    expect((await load({ cwd: folderWith('') })).http.port).toBe(8420)
    expect((await load({ cwd: folderWith('http:\n  # port: 1\n') })).http.port).toBe(8420)
  })
})

describe('what follows from a host beyond loopback', () => {
  it('--lan opens the host with TLS, a credential for everyone and libp2p on all addresses', async () => {
    const config = await load({ flags: [{ name: 'lan' }] })
    expect(config.http).toMatchObject({ host: '0.0.0.0', tls: 'self-signed' })
    expect(config.auth.mode).toBe('token')
    expect(config.p2p.listen).toContain('/ip4/0.0.0.0/tcp/0')
  })

  it('--lan leaves what was set alone', async () => {
    const flags = [{ name: 'lan' }, { name: 'http.tls', value: 'off' }, { name: 'host', value: '192.0.2.7' }]
    const config = await load({ flags })
    expect(config.http).toMatchObject({ host: '192.0.2.7', tls: 'off' })
    expect(config.p2p.listen).toContain('/ip4/192.0.2.7/tcp/0')
  })

  it.each(['0.0.0.0', '::', '192.0.2.1', 'node.example'])('forces token mode on %s', async host => {
    const flags = [
      { name: 'host', value: host },
      { name: 'auth.mode', value: 'local' },
    ]
    expect((await load({ flags })).auth.mode).toBe('token')
  })

  it.each(['127.0.0.1', '127.8.8.8', 'localhost', '::1', '[::1]'])('keeps local mode on %s', async host => {
    const config = await load({ env: { TOOLMESH_HTTP_HOST: host } })
    expect(config.auth.mode).toBe('local')
    expect(config.p2p.listen[0]).toMatch(/^\/ip(4\/127\.0\.0\.1|6\/::1)\/tcp\/0$/)
  })
})

describe('errors name the setting, the value and what is allowed', () => {
  it.each([
    [
      'http.port',
      '70000',
      /^http\.port: got 70000 from --http\.port, allowed: a whole number from 0 to 65535$/,
    ],
    ['http.port', 'many', /^http\.port: got "many" from --http\.port, allowed: a whole number/],
    ['listing', 'full', /^listing: got "full" from --listing, allowed: meta or flat$/],
    ['p2p.enabled', 'maybe', /^p2p\.enabled: got "maybe" .* allowed: true or false$/],
    ['p2p.listen', 'tcp', /^p2p\.listen: got \["tcp"\] .* allowed: multiaddrs/],
    ['p2p.join', 'https://a.example/', /^p2p\.join: .* allowed: invite links/],
    ['name', '', /^name: got "" .* allowed: a text that is not empty$/],
  ])('--%s %s', async (name, value, message) => {
    await expect(load({ flags: [{ name, value }] })).rejects.toThrow(message)
  })

  it('a value of the wrong type in the file', async () => {
    const cwd = folderWith('http:\n  port: "8420"\n')
    await expect(load({ cwd })).rejects.toThrow(
      'http.port: got "8420" from toolmesh.yaml, allowed: a whole number',
    )
  })

  it('a flag without its value', async () => {
    await expect(load({ flags: [{ name: 'http.port' }] })).rejects.toThrow(
      'http.port: got true from --http.port',
    )
  })

  it('an unknown flag, variable and key, with the close match', async () => {
    await expect(load({ flags: [{ name: 'http.prot', value: '1' }] })).rejects.toThrow(
      'unknown setting --http.prot ("1") in the command line; did you mean --http.port?',
    )
    await expect(load({ env: { TOOLMESH_HTPP_PORT: '1' } })).rejects.toThrow(
      'did you mean TOOLMESH_HTTP_PORT?',
    )
    await expect(load({ cwd: folderWith('data_dir: x') })).rejects.toThrow(
      'unknown setting data_dir ("x") in toolmesh.yaml; did you mean dataDir?',
    )
  })

  it('lists what there is when nothing is close', async () => {
    await expect(load({ flags: [{ name: 'colour', value: 'red' }] })).rejects.toThrow(
      /allowed: lan, name, dataDir/,
    )
  })

  it('a section given as a value', async () => {
    await expect(load({ cwd: folderWith('http: 8420') })).rejects.toThrow('unknown setting http (8420)')
  })

  it('a file that is not there, not YAML, or not a mapping', async () => {
    await expect(load({ file: 'other.yaml' })).rejects.toThrow('other.yaml: cannot be read')
    await expect(load({ cwd: folderWith('http: [1') })).rejects.toThrow('toolmesh.yaml: is not YAML')
    await expect(load({ cwd: folderWith('- 1') })).rejects.toThrow('must hold settings by name')
  })

  it('TLS files that are missing, a grace longer than the lease', async () => {
    const tls = [{ name: 'http.tls', value: 'files' }]
    await expect(load({ flags: tls })).rejects.toThrow('http.tlsCert')
    await expect(load({ flags: [{ name: 'queue.lease', value: '2000' }] })).rejects.toThrow(
      'queue.grace: got 5000 from default, allowed: at most queue.lease (2000)',
    )
  })

  it('carries the facts for --json', async () => {
    const error = await load({ flags: [{ name: 'listing', value: 'all' }] }).catch(thrown => thrown)
    expect(error.toFacts()).toMatchObject({
      code: 'invalid_input',
      field: 'listing',
      value: 'all',
      allowed: 'meta or flat',
    })
  })
})

it('gives every setting one flag, one variable and a description', () => {
  const variables = SETTINGS.map(setting => setting.variable)
  const flags = SETTINGS.flatMap(setting => setting.flags)
  expect(new Set(variables).size).toBe(variables.length)
  expect(new Set(flags).size).toBe(flags.length)
  for (const setting of SETTINGS) expect(setting.description).toMatch(/^\S.*[.]$/)
})

describe('discovery', () => {
  const closed = { dht: false, pubsub: false, file: '', github: { repository: '', issue: 0, token: '' } }

  it('is closed by default: nothing is told to anybody beyond the sessions', async () => {
    expect((await load()).discovery).toMatchObject({ ...closed, mdns: false, exchange: true })
    expect((await load({ flags: [{ name: 'lan' }] })).discovery).toMatchObject({ ...closed, mdns: true })
  })

  it('reads a section within a section, and makes the registry absolute', async () => {
    const cwd = folderWith('discovery:\n  file: peers\n  github:\n    repository: a/b\n    issue: 7\n')
    const { discovery } = await load({ cwd })
    expect(discovery.file).toBe(join(cwd, 'peers'))
    expect(discovery.github).toMatchObject({ repository: 'a/b', issue: 7, api: 'https://api.github.com' })
  })

  it('takes multiaddrs, origins and the names of public sets to begin with, and refuses others', async () => {
    const value = '/ip4/192.0.2.1/tcp/1,https://node.example:8420,libp2p-public'
    const { p2p } = await load({ flags: [{ name: 'p2p.bootstrap', value }] })
    expect(p2p.bootstrap).toEqual(value.split(','))
    await expect(load({ flags: [{ name: 'p2p.bootstrap', value: 'node.example' }] })).rejects.toThrow(
      /^p2p\.bootstrap: got \["node\.example"\] from --p2p\.bootstrap, allowed: multiaddrs as .* libp2p-public/,
    )
  })

  it('never shows a token, and sends it over TLS or to this machine only', async () => {
    const wrong = load({ env: { TOOLMESH_DISCOVERY_GITHUB_TOKEN: 'ghp_ secret' } })
    await expect(wrong).rejects.toThrow('discovery.github.token: got "(not shown)"')
    const flags = [{ name: 'discovery.github.api', value: 'http://api.example.org' }]
    await expect(load({ flags })).rejects.toThrow('allowed: a URL as https://api.github.com')
  })

  it('leaves the peers of the environment to their source', async () => {
    await expect(load({ env: { TOOLMESH_BOOTSTRAP_PEERS: '/ip4/192.0.2.1/tcp/1' } })).resolves.toBeDefined()
  })
})
