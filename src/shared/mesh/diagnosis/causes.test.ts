import { describe, expect, it } from 'vitest'
import { causeOf, causeOfDial, type Failure } from './causes.ts'

const at = (part: Partial<Failure>): Failure => ({
  step: 'dial',
  code: 'unavailable',
  message: '',
  from: 'node',
  ...part,
})

const TCP = '/ip4/192.0.2.7/tcp/4001'
const WS = '/ip4/192.0.2.7/tcp/8420/ws'
const UDP = '/ip4/192.0.2.7/udp/4433/quic-v1/webtransport/certhash/uEiA'

describe('why a peer could not be reached', () => {
  it.each<[string, Partial<Failure>]>([
    ['refused', { message: 'connect ECONNREFUSED 192.0.2.7:4001', address: TCP, path: 'tcp' }],
    [
      'refused',
      { message: 'could not open a WebSocket: connect ECONNREFUSED', address: WS, path: 'websocket' },
    ],
    ['timed_out', { code: 'timed_out', message: 'no answer within 5000 ms', address: TCP, path: 'tcp' }],
    [
      'udp_blocked',
      { code: 'timed_out', message: 'no answer within 5000 ms', address: UDP, path: 'webtransport' },
    ],
    [
      'certificate_changed',
      { message: 'the server shows another certificate than its address names', path: 'webtransport' },
    ],
    ['tls_certificate', { message: 'self-signed certificate', address: `${WS}/tls`, path: 'websocket' }],
    ['other_peer', { step: 'secure', code: 'forbidden', message: 'expected peer A, found B' }],
    ['not_a_peer', { step: 'secure', message: 'unexpected end of input' }],
    [
      'name_unknown',
      { step: 'resolve', code: 'not_found', message: 'the name x.test was not resolved: ENOTFOUND' },
    ],
    ['name_unanswered', { step: 'resolve', code: 'timed_out', message: 'no answer within 5000 ms' }],
    [
      'network_unreachable',
      { message: 'connect ENETUNREACH 2001:db8::1', address: '/ip6/2001:db8::1/tcp/1' },
    ],
    ['no_transport', { message: 'no transport here for this address' }],
    ['relay_no_slot', { message: 'failed to connect via relay with status NO_RESERVATION', path: 'relay' }],
    [
      'relay_limit',
      { message: 'failed to connect via relay with status RESOURCE_LIMIT_EXCEEDED', path: 'relay' },
    ],
    [
      'relay_refused',
      { message: 'failed to connect via relay with status PERMISSION_DENIED', path: 'relay' },
    ],
    ['no_grant', { step: 'authority', code: 'unauthenticated', message: 'tools/list needs a credential' }],
    [
      'invite_refused',
      { step: 'authority', code: 'forbidden', message: 'this invite is expired: ask for a new one' },
    ],
    ['namespace', { step: 'origin', message: 'http://a is of the namespace x, this peer of toolmesh' }],
    ['version', { step: 'session', message: 'the peer speaks /mcp+p2p/2.0.0, this one /mcp+p2p/1.0.0' }],
    ['overloaded', { step: 'session', code: 'timed_out', message: 'no answer within 5000 ms' }],
    ['rate_limited', { step: 'session', code: 'rate_limited', message: 'too many sessions' }],
    [
      'websocket_refused',
      { message: 'could not open a WebSocket', address: WS, path: 'websocket', from: 'tab' },
    ],
    ['mixed_content', { message: 'Mixed Content', address: WS, path: 'websocket', from: 'tab' }],
    ['other', { message: 'something quite new' }],
  ])('%s: %o', (cause, failure) => {
    const found = causeOf(at(failure))
    expect(found.cause).toBe(cause)
    expect(found.meaning).not.toBe('')
    expect(found.advice).not.toBe('')
  })

  it('names the port, and the value that was seen', () => {
    const late = { code: 'timed_out', message: 'no answer within 5000 ms' }
    expect(causeOf(at({ ...late, address: TCP, path: 'tcp' })).advice).toContain('TCP port 4001')
    expect(causeOf(at({ ...late, address: UDP, path: 'webtransport' })).advice).toContain('UDP port 4433')
    expect(causeOf(at({ code: 'forbidden', message: 'expected peer A, found B' })).advice).toContain(
      'found B',
    )
  })

  it('reads the last step that failed of a dial, and nothing of one that did not', () => {
    const dial = { address: TCP, path: 'tcp', outcome: 'failed' } as const
    const error = { code: 'unavailable', message: 'connect ECONNREFUSED' }
    expect(causeOfDial({ ...dial, steps: [{ step: 'dial', ms: 1, error }] }, 'node')).toMatchObject({
      cause: 'refused',
      failure: { step: 'dial' },
    })
    expect(causeOfDial({ ...dial, outcome: 'superseded', steps: [] }, 'node')).toBeUndefined()
    expect(causeOfDial({ ...dial, outcome: 'connected', steps: [] }, 'node')).toBeUndefined()
  })
})
