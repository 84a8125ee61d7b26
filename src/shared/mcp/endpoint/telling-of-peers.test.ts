import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ExchangeAnswer, ExchangeRequest } from '../../mesh/peers/exchange-message.ts'
import { testPeer } from '../../mesh/peers/peers.fixture.ts'
import type { Announcement } from '../../queue/work.ts'
import { principalWith } from '../text-tools.fixture.ts'
import { announcement, closers, pair } from './endpoint-pair.fixture.ts'

const never = new AbortController().signal
const said = await (await testPeer()).says()

class Teller {
  readonly asked: { from: string; request: ExchangeRequest }[] = []

  answer(from: string, request: ExchangeRequest): ExchangeAnswer {
    this.asked.push({ from, request })
    return { announcements: [said] }
  }
}

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

describe('telling of peers', () => {
  it('is for a peer with any grant, and nobody else', async () => {
    const teller = new Teller()
    const stranger = pair({ tabPrincipal: undefined, node: { teller } })
    await expect(stranger.tab.exchange({ announcements: [] }, never)).rejects.toMatchObject({
      code: 'unauthenticated',
    })
    for (const role of ['read', 'work', 'submit', 'admin'] as const) {
      const granted = pair({ tabPrincipal: principalWith('peer:tab', role), node: { teller } })
      expect(await granted.tab.exchange({ announcements: [said] }, never)).toEqual({ announcements: [said] })
    }
    expect(teller.asked).toHaveLength(4)
    expect(teller.asked[0]).toEqual({ from: 'tab', request: { announcements: [said] } })
  })

  it('goes to an owner as soon as this peer has offered it its work', async () => {
    const teller = new Teller()
    const { tab, node } = pair({ tab: { teller } })
    await expect(node.exchange({ announcements: [] }, never)).rejects.toMatchObject({
      code: 'unauthenticated',
    })
    await tab.announce(announcement)
    expect(await node.exchange({ announcements: [] }, never)).toEqual({ announcements: [said] })
  })

  it('is refused with the field that does not fit, and unknown where it is switched off', async () => {
    const teller = new Teller()
    const { tab } = pair({ node: { teller } })
    const bad = { announcements: [{ ...said, text: 'x'.repeat(5000) }] }
    await expect(tab.exchange(bad, never)).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field: '/announcements/0/text' },
    })
    const want = { max: 65 }
    await expect(tab.exchange({ announcements: [], want }, never)).rejects.toMatchObject({
      details: { field: '/want/max' },
    })
    expect(teller.asked).toEqual([])
    const off = pair()
    await expect(off.tab.exchange({ announcements: [] }, never)).rejects.toThrow('toolmesh/peers')
  })
})

describe('a peer that is ending', () => {
  it('gets no more work as a worker, whatever it still offers, and what it runs is taken', async () => {
    const heard: Announcement[] = []
    const onDraining = vi.fn()
    const { tab, node, owner } = pair({ node: { onAnnounce: one => heard.push(one), onDraining } })
    await tab.announce(announcement)
    expect(await tab.claim(2)).toHaveLength(1)
    tab.tellDraining()
    await vi.waitFor(() => expect(onDraining).toHaveBeenCalledOnce())
    expect(owner.announcements.at(-1)).toMatchObject({ credits: 0, tools: announcement.tools })
    expect(heard.at(-1)?.credits).toBe(0)
    await tab.announce({ ...announcement, credits: 5 })
    expect(owner.announcements.at(-1)?.credits).toBe(0)
    expect(await tab.claim(2)).toEqual([])
    const report = {
      task_id: 't',
      fence: 1,
      instance_id: 'run-1',
      outcome: { state: 'succeeded', result: {} },
    } as const
    expect(await tab.complete([report])).toEqual(['committed'])
    await node.ready
  })

  it('is heard of by its workers too', async () => {
    const onDraining = vi.fn()
    const { tab, node } = pair({ tab: { onDraining } })
    await Promise.all([tab.ready, node.ready])
    node.tellDraining()
    await vi.waitFor(() => expect(onDraining).toHaveBeenCalledOnce())
  })
})
