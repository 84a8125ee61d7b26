import { describe, expect, it } from 'vitest'
import type { Json } from '../tools/tool.ts'
import { RuntimeBusyError, RuntimeLostError } from './errors.ts'
import { PROBE, probeCall } from './fixtures/probe-descriptor.ts'
import { PeerRuntime } from './peer-runtime.ts'
import type { RuntimeCall } from './runtime.ts'

const announced = { tool: PROBE.name, interface_cid: PROBE.interface_cid, code_cid: PROBE.code_cid }

function makePeer(call: (call: RuntimeCall) => Promise<Json>, leased = 0): PeerRuntime {
  const offer = { tools: [announced], credits: 2 }
  return new PeerRuntime({ peerId: 'p', offer, call, leased: () => leased })
}

describe('PeerRuntime', () => {
  it('offers a tool only in the interface and build that it announced', () => {
    const peer = makePeer(async () => null)
    expect(peer.offers(PROBE)).toBe(true)
    expect(peer.offers({ ...PROBE, code_cid: 'other' })).toBe(false)
    expect(peer.offers({ ...PROBE, interface_cid: 'other' })).toBe(false)
    expect(peer.offers({ ...PROBE, name: 'unknown' })).toBe(false)
  })

  it('runs a call on the peer and counts it while it runs', async () => {
    const { promise, resolve } = Promise.withResolvers<Json>()
    const peer = makePeer(() => promise)
    const run = peer.run(probeCall({}))
    expect(peer.load()).toEqual({ running: 1, waiting: 0, capacity: 2 })
    resolve('done')
    expect(await run).toBe('done')
    expect(peer.load().running).toBe(0)
  })

  it('spends no credit that a leased task has', async () => {
    await expect(makePeer(async () => null, 2).run(probeCall({}))).rejects.toBeInstanceOf(RuntimeBusyError)
  })

  it('follows what the peer announces later', () => {
    const peer = makePeer(async () => null)
    peer.update({ tools: [], credits: 0 })
    expect(peer.offers(PROBE)).toBe(false)
    expect(peer.load().capacity).toBe(0)
  })

  it('reports a session that ended under the call as lost', async () => {
    const peer = makePeer(() => Promise.reject(new RuntimeLostError('p', 'session ended')))
    await expect(peer.run(probeCall({}))).rejects.toBeInstanceOf(RuntimeLostError)
    await peer.close()
    await expect(peer.run(probeCall({}))).rejects.toBeInstanceOf(RuntimeBusyError)
    expect(peer.offers(PROBE)).toBe(false)
  })
})
