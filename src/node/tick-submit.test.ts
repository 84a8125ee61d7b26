import { expect, it, vi } from 'vitest'
import { Authority } from '../shared/authority/authority.ts'
import { MemoryAuthorityStore } from '../shared/authority/memory-authority-store.ts'
import { ManualClock } from '../shared/clock.ts'
import { tickSubmitter } from './tick-submit.ts'

const HOUR = 3_600_000
const REQUEST = { tool: 'work', params: {} }

it('submits a tick only while its principal may submit', async () => {
  const clock = new ManualClock()
  const authority = new Authority({
    store: new MemoryAuthorityStore(),
    clock,
    random: bytes => crypto.getRandomValues(bytes),
    ownPeerId: 'own',
  })
  const receipt = { id: 't' }
  const submit = vi.fn(async () => receipt)
  const ticks = tickSubmitter(authority, 'p2p_taskqueue_submit', {
    submit,
    check: () => {},
    runs: async () => false,
  })
  const tick = (id: string) => ticks.submit(id, REQUEST, 'schedule:x')
  const refused = { error: { code: 'forbidden', retryable: false } }

  const invite = await authority.createInvite({ roles: ['submit'], ttl_ms: HOUR, uses: 1 })
  await authority.redeem(invite.secret, 'alice')
  const reader = await authority.createToken({ roles: ['read'], ttl_ms: HOUR })
  const token = await authority.createToken({ roles: ['submit'], ttl_ms: HOUR })

  for (const id of ['local', 'peer:own', 'peer:alice', `token:${token.id}`])
    expect(await tick(id)).toBe(receipt)
  expect(submit).toHaveBeenCalledTimes(4)
  for (const id of [`token:${reader.id}`, 'peer:stranger', 'token:none', '']) {
    expect(await tick(id)).toMatchObject(refused)
  }

  await authority.revokeInvite(invite.id)
  expect(await tick('peer:alice')).toMatchObject(refused)
  await clock.advance(HOUR + 1)
  expect(await tick(`token:${token.id}`)).toMatchObject(refused)
  expect(submit).toHaveBeenCalledTimes(4)
})
