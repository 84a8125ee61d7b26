import { describe, expect, it } from 'vitest'
import type { Unreached } from '../../src/browser/tab-contract.ts'
import { unreachedReport, unreachedText } from './dial-text.ts'

const NODE = '12D3KooWRBhwfeP2Y9CDkFRBAZ1pmxUadH36TKuk3KtKm5XXP8mA'

const unreached: Unreached = {
  reason: { code: 'unavailable', message: 'it cannot be reached' },
  meaning: 'the HTTP address does not answer as a node',
  advice: 'Check host and port of the link.',
  at: 0,
  dials: [
    {
      address: `/ip4/192.0.2.7/tcp/8420/ws/p2p/${NODE}`,
      path: 'websocket',
      ms: 12,
      step: 'dial',
      message: 'could not open a WebSocket to /ip4/192.0.2.7/tcp/8420/ws',
      meaning: 'no WebSocket was opened',
      advice: 'Let upgrades through.',
    },
    {
      address: `/ip4/192.0.2.7/udp/4433/quic-v1/webtransport/p2p/${NODE}`,
      path: 'webtransport',
      ms: 5_000,
      step: 'dial',
      message: 'no answer within 5000 ms',
      meaning: 'UDP does not get through, or nobody listens',
      advice: 'Let UDP through.',
    },
  ],
}

describe('why a tab does not reach its node', () => {
  it('has a row for each address that failed, and each advice once', () => {
    const { meaning, dials, advice } = unreachedText({
      ...unreached,
      dials: [...unreached.dials, ...unreached.dials],
    })
    expect(meaning).toBe('None of its 4 addresses led to it.')
    expect(dials[0]).toEqual({
      path: 'WebSocket',
      address: '/ip4/192.0.2.7/tcp/8420/ws',
      meaning: 'Connecting: no WebSocket was opened',
      said: 'could not open a WebSocket',
      took: '12 ms',
    })
    expect(advice).toEqual(['Let upgrades through.', 'Let UDP through.'])
  })

  it('says what the reason means where nothing could be dialled', () => {
    expect(unreachedText({ ...unreached, dials: [] })).toEqual({
      meaning: 'The HTTP address does not answer as a node.',
      advice: ['Check host and port of the link.'],
      dials: [],
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
