import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { webRTCDirect } from '@libp2p/webrtc'
import { afterEach, describe, expect, it } from 'vitest'
import { freeUdpPort } from '../../../node/transports/free-udp-port.ts'
import type { MeshHost } from '../host-contract.ts'
import { tcpHost } from '../mesh-pair.fixture.ts'
import { withFreeUdpPort } from './webrtc-direct-port.ts'

const hosts: MeshHost[] = []

afterEach(async () => {
  await Promise.all(hosts.splice(0).map(made => made.close()))
})

describe('a WebRTC-Direct listener on any UDP port', () => {
  it('still takes the number of a free TCP port in @libp2p/webrtc, which is why it is given one', async () => {
    const entry = fileURLToPath(import.meta.resolve('@libp2p/webrtc'))
    const source = await readFile(entry.replace(/index\.js$/, 'private-to-public/listener.js'), 'utf8')
    expect(source).toContain('port = await getPort()')
  })

  it('takes one that is free for UDP', async () => {
    const port = await freeUdpPort()
    const host = await tcpHost({
      transports: [withFreeUdpPort(webRTCDirect(), async () => port)],
      listen: ['/ip4/127.0.0.1/udp/0/webrtc-direct'],
    })
    hosts.push(host)
    await expect.poll(() => host.addresses()[0]).toContain(`/udp/${port}/webrtc-direct`)
  })
})
