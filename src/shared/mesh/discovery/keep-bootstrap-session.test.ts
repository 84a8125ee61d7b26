import { expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import type { KeepOptions, KeptState } from '../pool/session-pool-contract.ts'
import { keepBootstrapSession } from './keep-bootstrap-session.ts'

const REASON = { code: 'forbidden', message: 'no grant' }
const REFUSED: KeptState = { phase: 'stopped', reason: REASON }
const FAILED: KeptState = { phase: 'waiting', retryAt: 0, reason: { code: 'unavailable', message: 'gone' } }

function keeping(...ids: string[]) {
  const clock = new ManualClock()
  const kept: { peerId: string; options: KeepOptions }[] = []
  const stop = keepBootstrapSession({
    pool: {
      keep(peerId, options) {
        kept.push({ peerId, options })
        return { state: { phase: 'connecting' }, wake: () => {} }
      },
    },
    peers: new Map(ids.map(id => [id, [`/dns4/${id}/tcp/1`]])),
    clock,
    random: () => 0,
  })
  const tell = (state: KeptState) => kept.at(-1)?.options.onState(state)
  const open = () => kept.filter(({ options }) => !options.signal.aborted).map(({ peerId }) => peerId)
  return { clock, kept, stop, tell, open }
}

it('keeps one of them, and the next when that one fails', async () => {
  const { clock, tell, open, kept } = keeping('a', 'b')
  expect(open()).toEqual(['a'])
  expect(await kept[0]?.options.addresses?.()).toEqual(['/dns4/a/tcp/1'])
  tell(FAILED)
  expect(open()).toEqual([])
  await clock.advance(1000)
  expect(open()).toEqual(['b'])
})

it('leaves the only one to the pool, which tries it again', async () => {
  const { clock, tell, open, kept } = keeping('a')
  tell(FAILED)
  await clock.advance(60_000)
  expect([open(), kept.length]).toEqual([['a'], 1])
})

it('asks those that give no grant again only after a while', async () => {
  const { clock, tell, kept } = keeping('a', 'b')
  tell(REFUSED)
  await clock.advance(1000)
  tell(REFUSED)
  await clock.advance(4 * 60_000)
  expect(kept).toHaveLength(2)
  await clock.advance(60_000)
  expect(kept.map(({ peerId }) => peerId)).toEqual(['a', 'b', 'a'])
})

it('ends with the node', async () => {
  const { clock, stop, tell, open, kept } = keeping('a', 'b')
  tell(FAILED)
  stop()
  await clock.advance(60_000)
  expect([open(), kept.length]).toEqual([[], 1])
})
