import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

/** A network with nothing but a loopback that carries multicast: no packet leaves the machine. */
const ALONE = 'ip link set lo up multicast on && ip route add 224.0.0.0/4 dev lo && exec "$@"'

function canBeAlone(): boolean {
  try {
    execFileSync('unshare', ['--net', 'sh', '-c', ALONE, '-', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('multicast DNS', () => {
  it.skipIf(!canBeAlone())('lets nodes of one namespace on one network find each other', async () => {
    const fixture = fileURLToPath(new URL('mdns-nodes.fixture.ts', import.meta.url))
    const args = ['--net', 'sh', '-c', ALONE, '-', process.execPath, fixture]
    const { stdout } = await promisify(execFile)('unshare', args, { timeout: 30_000 })
    const { first, heard, heardByStranger } = JSON.parse(stdout)
    const [address, peerId] = first[0].split('/p2p/')
    expect(heard).toEqual({ peer_id: peerId, addresses: [address] })
    expect(heardByStranger).toEqual([])
  })
})
