import { describe, expect, it } from 'vitest'
import type { AuthorityState, AuthorityStore } from './authority-store.ts'

const STATE: AuthorityState = {
  version: 1,
  invites: [
    {
      id: 'i1',
      secret_hash: 'a'.repeat(64),
      roles: ['work', 'submit'],
      name: 'tabs',
      created_ms: 1,
      expires_ms: 2,
      uses: 3,
      used: 1,
      grant_ttl_ms: 4,
    },
  ],
  grants: [{ peer_id: 'p1', invite_id: 'i1', roles: ['work'], created_ms: 1, expires_ms: 2 }],
  tokens: [{ id: 't1', token_hash: 'b'.repeat(64), roles: ['read'], created_ms: 1, expires_ms: 2 }],
}

/** What every AuthorityStore does. `open` gives a store over the same place each time it is called in one test. */
export function authorityStoreCompliance(name: string, place: () => Promise<() => AuthorityStore>): void {
  describe(`AuthorityStore: ${name}`, () => {
    it('is empty at first', async () => {
      const open = await place()
      expect(await open().load()).toBeUndefined()
    })

    it('gives back what was saved last', async () => {
      const open = await place()
      const store = open()
      await store.save({ ...STATE, invites: [] })
      await store.save(STATE)
      expect(await store.load()).toEqual(STATE)
      expect(await open().load()).toEqual(STATE)
    })

    it('keeps a saved state apart from the one in use', async () => {
      const open = await place()
      const state = structuredClone(STATE)
      await open().save(state)
      state.tokens.length = 0
      expect((await open().load())?.tokens).toHaveLength(1)
    })
  })
}
