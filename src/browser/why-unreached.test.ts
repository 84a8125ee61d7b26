import { describe, expect, it } from 'vitest'
import type { DialReport } from '../shared/mesh/dialling/dial-report.ts'
import { MOST_DIALS } from './tab-contract.ts'
import { whyUnreached } from './why-unreached.ts'

const dial = (part: Partial<DialReport>): DialReport => ({
  peer_id: 'N',
  address: '/ip4/192.0.2.7/udp/4433/quic-v1/webtransport/p2p/N',
  path: 'webtransport',
  outcome: 'failed',
  ms: 5_000,
  steps: [{ step: 'dial', ms: 5_000, error: { code: 'timed_out', message: 'no answer within 5000 ms' } }],
  ...part,
})

describe('why a tab does not reach its node', () => {
  it('tells of each address that failed, and of no more than a page can show', () => {
    const end = { code: 'unavailable', message: 'it cannot be reached' }
    const given = [dial({ outcome: 'superseded' }), ...Array.from({ length: MOST_DIALS + 4 }, () => dial({}))]
    const { dials } = whyUnreached(end, given, 7)
    expect(dials).toHaveLength(MOST_DIALS)
    expect(dials[0]).toMatchObject({
      ...{ step: 'dial', message: 'no answer within 5000 ms' },
      meaning: expect.stringContaining('UDP does not get through'),
      advice: expect.stringContaining('UDP port 4433'),
    })
  })

  it('says what the reason means where nothing was dialled', () => {
    const end = { code: 'unavailable', message: 'the node does not answer: Failed to fetch' }
    expect(whyUnreached(end, [], 7)).toMatchObject({
      reason: end,
      dials: [],
      at: 7,
      advice: expect.stringMatching(/./),
    })
  })
})
