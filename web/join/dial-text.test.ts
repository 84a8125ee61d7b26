import { describe, expect, it } from 'vitest'
import type { Unreached } from '../../src/browser/tab-contract.ts'
import { unreachedReport, unreachedText } from './dial-text.ts'

const NODE = '12D3KooWRBhwfeP2Y9CDkFRBAZ1pmxUadH36TKuk3KtKm5XXP8mA'

const unreached: Unreached = {
  reason: { code: 'unavailable', message: 'it cannot be reached' },
  at: 0,
  dials: [
    {
      peer_id: NODE,
      address: `/ip4/192.0.2.7/tcp/8420/ws/p2p/${NODE}`,
      path: 'websocket',
      outcome: 'failed',
      ms: 12,
      steps: [
        {
          step: 'dial',
          ms: 12,
          error: { code: 'unavailable', message: 'could not open a WebSocket to /ip4/192.0.2.7/tcp/8420/ws' },
        },
      ],
    },
    {
      peer_id: NODE,
      address: `/ip4/192.0.2.7/udp/4433/quic-v1/webtransport/p2p/${NODE}`,
      path: 'webtransport',
      outcome: 'failed',
      ms: 5_000,
      steps: [{ step: 'dial', ms: 5_000, error: { code: 'timed_out', message: 'no answer within 5000 ms' } }],
    },
    { peer_id: NODE, address: '/ip4/192.0.2.7/tcp/1', path: 'tcp', outcome: 'superseded', ms: 1, steps: [] },
  ],
}

describe('why a tab does not reach its node', () => {
  it('has a row for each address that failed, and each advice once', () => {
    const { meaning, dials, advice } = unreachedText({
      ...unreached,
      dials: [...unreached.dials, ...unreached.dials],
    })
    expect(meaning).toBe('None of its 4 addresses led to it.')
    expect(dials[0]).toMatchObject({
      path: 'WebSocket',
      address: '/ip4/192.0.2.7/tcp/8420/ws',
      said: 'could not open a WebSocket',
    })
    expect(dials[1]?.meaning).toContain('UDP does not get through')
    expect(advice).toHaveLength(2)
    expect(advice[1]).toContain('UDP port 4433')
  })

  it('says that the node does not answer where nothing could be dialled', () => {
    const reason = { code: 'unavailable', message: 'the node does not answer: Failed to fetch' }
    expect(unreachedText({ reason, dials: [], at: 0 })).toMatchObject({
      dials: [],
      meaning: expect.stringContaining('HTTP'),
    })
  })

  it('is text that can be sent to whoever runs the node', () => {
    const facts = { page: 'https://192.0.2.7:8420', browser: 'Browser 1', nodePeerId: NODE }
    const text = unreachedReport(unreached, facts)
    for (const part of [
      NODE,
      'Browser 1',
      'https://192.0.2.7:8420',
      '/udp/4433/',
      'no answer within 5000 ms',
    ])
      expect(text).toContain(part)
  })
})
