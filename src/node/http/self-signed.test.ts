import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ManualClock, systemClock } from '../../shared/clock.ts'
import { ToolmeshError } from '../../shared/errors.ts'
import { ownHosts } from './own-hosts.ts'
import { CERTIFICATE_LIFE_MS, CERTIFICATE_RENEW_MS, selfSignedTls } from './self-signed.ts'
import { serveHttp } from './serve-http.ts'
import { tlsFromFiles } from './tls-files.ts'

const hosts = ['mesh.local', '192.0.2.7', '2001:db8::7']

async function newDataDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'toolmesh-tls-'))
}

describe('the self-signed certificate', () => {
  it('names this machine every way it is reached, on P-256', async () => {
    const { cert } = await selfSignedTls({ dataDir: await newDataDir(), hosts, clock: new ManualClock() })
    const certificate = new X509Certificate(cert)
    for (const name of ['localhost', 'mesh.local']) expect(certificate.checkHost(name)).toBe(name)
    for (const ip of ['127.0.0.1', '::1', '192.0.2.7', '2001:db8::7'])
      expect(certificate.checkIP(ip)).toBe(ip)
    expect(certificate.checkHost('evil.example')).toBeUndefined()
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
    expect(certificate.ca).toBe(false)
  })

  it('is kept, for its owner only, until it would expire soon or misses a name', async () => {
    const dataDir = await newDataDir()
    const clock = new ManualClock()
    const first = await selfSignedTls({ dataDir, hosts, clock })
    expect((await stat(join(dataDir, 'tls-self-signed.pem'))).mode & 0o777).toBe(0o600)
    expect(await selfSignedTls({ dataDir, hosts: hosts.slice(1), clock })).toEqual(first)
    const renamed = await selfSignedTls({ dataDir, hosts: [...hosts, 'new.local'], clock })
    expect(renamed).not.toEqual(first)
    await clock.advance(CERTIFICATE_LIFE_MS - CERTIFICATE_RENEW_MS)
    const renewed = await selfSignedTls({ dataDir, hosts, clock })
    expect(renewed).not.toEqual(renamed)
    expect(Date.parse(new X509Certificate(renewed.cert).validTo)).toBeGreaterThan(
      clock.now() + CERTIFICATE_RENEW_MS,
    )
  })

  it('is made anew when its file is damaged', async () => {
    const dataDir = await newDataDir()
    const clock = new ManualClock()
    const path = join(dataDir, 'tls-self-signed.pem')
    const first = await selfSignedTls({ dataDir, hosts, clock })
    for (const text of ['', 'rubbish', (await readFile(path, 'utf8')).replace(/M/g, 'N'), first.cert]) {
      await writeFile(path, text)
      expect((await selfSignedTls({ dataDir, hosts, clock })).cert).not.toBe(first.cert)
    }
  })

  it('serves HTTPS to a client that trusts it', async () => {
    const tls = await selfSignedTls({ dataDir: await newDataDir(), hosts, clock: systemClock })
    const server = await serveHttp(async (incoming, peer) => Response.json({ url: incoming.url, ...peer }), {
      host: '127.0.0.1',
      port: 0,
      tls,
    })
    const text = await new Promise<string>((resolve, reject) => {
      request(
        `https://localhost:${server.port}/x`,
        { ca: tls.cert, family: 4, agent: false },
        async answer => {
          resolve(Buffer.concat(await answer.toArray()).toString())
        },
      )
        .on('error', reject)
        .end()
    })
    expect(server.url).toBe(`https://127.0.0.1:${server.port}`)
    expect(JSON.parse(text)).toEqual({
      url: `https://localhost:${server.port}/x`,
      address: '127.0.0.1',
      encrypted: true,
    })
    await server.close()
  })
})

describe('certificate files', () => {
  it('are read, and a wrong one is named', async () => {
    const dataDir = await newDataDir()
    const clock = new ManualClock()
    const mine = await selfSignedTls({ dataDir, hosts, clock })
    const other = await selfSignedTls({ dataDir: await newDataDir(), hosts, clock })
    const [cert, key, otherKey] = ['cert.pem', 'key.pem', 'other.pem'].map(name => join(dataDir, name)) as [
      string,
      string,
      string,
    ]
    await Promise.all([writeFile(cert, mine.cert), writeFile(key, mine.key), writeFile(otherKey, other.key)])
    expect(await tlsFromFiles(cert, key)).toEqual(mine)
    for (const [c, k, problem] of [
      [join(dataDir, 'none.pem'), key, 'none.pem cannot be read'],
      [key, key, 'key.pem does not hold a certificate'],
      [cert, cert, 'cert.pem does not hold a private key'],
      [cert, otherKey, 'other.pem is not the key of'],
    ] as const) {
      const error = await tlsFromFiles(c, k).catch(e => e)
      expect(error).toBeInstanceOf(ToolmeshError)
      expect(error.message).toContain(problem)
    }
  })
})

describe('own hosts', () => {
  it('are this machine’s name and every address that a URL can hold', () => {
    const names = ownHosts()
    expect(names[0]).toMatch(/^[^A-Z]+$/)
    const outside = Object.values(networkInterfaces())
      .flatMap(each => each ?? [])
      .filter(each => !each.internal)
    for (const { address } of outside) expect(names.includes(address)).toBe(!address.startsWith('fe80:'))
  })
})
