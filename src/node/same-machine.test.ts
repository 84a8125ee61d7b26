import { describe, expect, it } from 'vitest'
import { isSameMachine } from './same-machine.ts'

const LOOPBACK = '/ip4/127.0.0.1/tcp/1'
const LAN = '/ip4/192.168.1.5/tcp/1'

describe('isSameMachine', () => {
  it('is true where both have a host in common that is not loopback', () => {
    expect(isSameMachine([LOOPBACK, '/ip4/192.168.1.5/udp/9/webrtc-direct'], [LAN, LOOPBACK])).toBe(true)
    expect(isSameMachine([LOOPBACK, '/ip4/192.168.1.6/tcp/1'], [LAN, LOOPBACK])).toBe(false)
    expect(isSameMachine([LOOPBACK], [LAN, LOOPBACK])).toBe(false)
  })

  it('is not true for two that have a relay in common', () => {
    const slot = '/ip4/203.0.113.1/tcp/1/p2p/12D3KooWRelay/p2p-circuit'
    expect(isSameMachine([LOOPBACK, slot], [LOOPBACK, slot])).toBe(false)
    expect(isSameMachine([LOOPBACK, '/ip4/203.0.113.1/tcp/1'], [LOOPBACK, slot])).toBe(false)
    expect(isSameMachine([LOOPBACK, LAN], [LAN, slot])).toBe(true)
  })

  it('is true for all that a peer meets that only its own machine can reach', () => {
    expect(isSameMachine([LOOPBACK], ['/ip6/::1/tcp/1'])).toBe(true)
    expect(isSameMachine([LAN], [])).toBe(true)
  })
})
