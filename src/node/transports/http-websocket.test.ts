import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { WebSockets } from '@multiformats/multiaddr-matcher'
import { afterEach, describe, expect, it } from 'vitest'
import type { MeshHost } from '../../shared/mesh/host-contract.ts'
import { openSession, tcpHost } from '../../shared/mesh/mesh-pair.fixture.ts'
import { mcpSide } from '../../shared/mesh/session.fixture.ts'
import { withErrorsOnly } from '../../shared/mesh/workarounds/websocket-error.ts'
import { withPaths } from '../../shared/mesh/workarounds/websocket-path.ts'
import { type HttpWebSocket, httpWebSocket, httpWebSocketAddress } from './http-websocket.ts'

const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function node(): Promise<{ host: MeshHost; server: Server; mesh: HttpWebSocket; address: string }> {
  const mesh = httpWebSocket()
  const server = createServer((_, response) => response.end('a page'))
  server.on('upgrade', (request, socket, head) => {
    expect(request.url).toBe('/p2p')
    mesh.upgrade(request, socket, head)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const address = httpWebSocketAddress({ host: '127.0.0.1', port, tls: false, path: '/p2p' })
  const host = await tcpHost({ transports: [tcp(), mesh.transport], listen: [], announce: [address] })
  closers.push(
    () => server.close(),
    () => mesh.close(),
    () => host.close(),
  )
  return { host, server, mesh, address }
}

async function tab(): Promise<MeshHost> {
  const host = await tcpHost({ transports: [withErrorsOnly(withPaths(webSockets()))], listen: [] })
  closers.push(() => host.close())
  return host
}

describe('the mesh on the HTTP server', () => {
  it('has addresses that the WebSocket transport still filters out, which is why they are let through', () => {
    const address = httpWebSocketAddress({ host: '127.0.0.1', port: 1, tls: true, path: '/p2p' })
    expect(WebSockets.exactMatch(multiaddr(address))).toBe(false)
  })

  it('names hosts as what they are', () => {
    const at = (host: string, tls: boolean) => httpWebSocketAddress({ host, port: 8420, tls, path: '/p2p' })
    expect(at('192.0.2.7', true)).toBe('/ip4/192.0.2.7/tcp/8420/tls/ws/http-path/p2p')
    expect(at('2001:db8::7', false)).toBe('/ip6/2001:db8::7/tcp/8420/ws/http-path/p2p')
    expect(at('mesh.local', true)).toBe('/dns/mesh.local/tcp/8420/tls/ws/http-path/p2p')
  })

  it('takes a peer that comes from a link-local address, which has a zone', async () => {
    const { host, server, address } = await node()
    server.on('connection', socket =>
      Object.defineProperty(socket, 'remoteAddress', { get: () => 'fe80::1%eth0' }),
    )
    const left = await tab()
    const session = await left.connect([address], {
      expect: host.peerId,
      signal: AbortSignal.timeout(10_000),
    })
    expect(session.path).toBe('websocket')
    expect(host.remoteAddress(host.sessions()[0]!)).toContain('/ip6/fe80::1/')
  })

  it('announces its address and carries a session with large values both ways', async () => {
    const { host, address } = await node()
    expect(host.addresses()).toEqual([`${address}/p2p/${host.peerId}`])
    const { dialled, accepted } = await openSession(await tab(), host)
    expect([dialled.path, accepted.path]).toEqual(['websocket', 'websocket'])
    const [left, right] = await Promise.all([
      mcpSide(dialled, 'left', async (_, args) => args),
      mcpSide(accepted, 'right', async (_, args) => args),
    ])
    const text = 'x'.repeat(12 * 1024 * 1024)
    const [one, two] = await Promise.all([
      left.client.callTool({ name: 'echo', arguments: { text } }),
      right.client.callTool({ name: 'echo', arguments: { text } }),
    ])
    expect(one.structuredContent).toEqual({ text })
    expect(two.structuredContent).toEqual({ text })
  })

  it('hears when either side goes away', async () => {
    const { host, mesh } = await node()
    const first = await tab()
    const one = await openSession(first, host)
    await first.close()
    expect(await one.accepted.closed).toHaveProperty('code')
    const two = await openSession(await tab(), host)
    mesh.close()
    expect(await two.dialled.closed).toHaveProperty('code')
  })

  it('refuses what is no libp2p and takes nothing after its end', async () => {
    const { host, mesh, server } = await node()
    const { port } = server.address() as AddressInfo
    const rude = new WebSocket(`ws://127.0.0.1:${port}/p2p`)
    await new Promise(resolve => rude.addEventListener('open', resolve))
    rude.send('no libp2p')
    await new Promise(resolve => rude.addEventListener('close', resolve))
    expect(host.sessions()).toEqual([])
    mesh.close()
    const late = new WebSocket(`ws://127.0.0.1:${port}/p2p`)
    await new Promise(resolve => late.addEventListener('error', resolve))
  })
})
