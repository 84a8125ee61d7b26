import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { StoreUnavailableError } from '../../queue/errors.ts'
import { MemoryWorkflowStore } from '../store/memory-workflow-store.ts'
import { LEASE_MS, openEngine, withParts, workflowOf } from './ownership.fixture.ts'
import { rendezvousFirst, rendezvousOrder } from './rendezvous.ts'

type Engine = ReturnType<typeof openEngine>

describe('Ownership', () => {
  let clock: ManualClock
  let store: MemoryWorkflowStore
  let open: Engine[]

  beforeEach(() => {
    clock = new ManualClock()
    store = new MemoryWorkflowStore({ clock })
    open = []
  })

  afterEach(async () => {
    await Promise.all(open.map(({ ownership }) => ownership.close()))
  })

  async function start(...names: string[]): Promise<Engine[]> {
    const engines = names.map(name => openEngine(store, clock, name))
    for (const engine of engines) {
      await engine.ownership.start()
      open.push(engine)
    }
    // A round of renewals, so that all know of each other.
    await clock.advance(LEASE_MS / 3)
    return engines
  }

  async function create(ids: string[], ownerOf: (id: string) => string | undefined): Promise<void> {
    await store.create(ids.map(id => workflowOf(id, ownerOf(id), clock.now())))
    await clock.advance(0)
  }

  /** It goes away without a word. */
  async function kill(engine: Engine): Promise<void> {
    const leave = store.leave
    store.leave = async () => {}
    await engine.ownership.close()
    store.leave = leave
    open = open.filter(each => each !== engine)
  }

  const ids = (count: number) => Array.from({ length: count }, (_, n) => `workflow-${n}`)
  const owners = async (names: string[]) =>
    new Map(await Promise.all(names.map(async id => [id, (await store.head(id))?.owner] as const)))

  it('gives a new workflow to the engine that rendezvous names, wherever it was submitted', async () => {
    const engines = await start('a', 'b', 'c')
    const names = ids(60)
    for (const { ownership } of engines) {
      expect(names.map(id => ownership.ownerFor(id))).toEqual(
        names.map(id => rendezvousFirst(id, ['a', 'b', 'c'])),
      )
    }
    await create(names, id => engines[0]?.ownership.ownerFor(id))
    const held = engines.map(({ engine }) => [...engine.mine.keys()])
    expect(held.flat().sort()).toEqual([...names].sort())
    for (const each of held) expect(each.length).toBeGreaterThan(5)
  })

  it('takes over what an engine leaves that is gone, within two leases, by rendezvous among the others', async () => {
    const engines = await start('a', 'b', 'c')
    const names = ids(600)
    await create(names, () => 'a')
    await kill(engines[0]!)
    await clock.advance(2 * LEASE_MS)
    const now = await owners(names)
    for (const id of names) expect(now.get(id)).toBe(rendezvousFirst(id, ['b', 'c']))
    const [, b, c] = engines
    expect(b!.engine.mine.size + c!.engine.mine.size).toBe(600)
  })

  it('takes nothing from an engine that lives, and moves nothing when one comes', async () => {
    const [a] = await start('a')
    await create(ids(50), () => 'a')
    const [b] = await start('b')
    await clock.advance(5 * LEASE_MS)
    expect(a!.engine.mine.size).toBe(50)
    expect(b!.engine.mine.size).toBe(0)
  })

  it('lets the next in rank take over within two leases where the first is gone too', async () => {
    const engines = await start('a', 'b', 'c', 'd', 'e')
    const names = ids(300)
    await create(names, () => 'a')
    // All but one are gone at the same time, so that the last has every rank.
    for (const engine of engines.slice(0, 4)) await kill(engine)
    await clock.advance(2 * LEASE_MS)
    expect(engines[4]!.engine.mine.size).toBe(300)
  })

  it('gives the first in rank a quarter of the lease, and then takes what that one leaves', async () => {
    const [a, c] = await start('a', 'c')
    // It lives, and never gets to look.
    const blind = openEngine(withParts(store, { orphans: async () => [] }), clock, 'b')
    await blind.ownership.start()
    open.push(blind)
    await clock.advance(LEASE_MS / 3)
    const id = ids(100).find(name => rendezvousOrder(name, ['b', 'c'])[0] === 'b') ?? ''
    await create([id], () => 'a')
    await kill(a!)
    const goneAt = clock.now()
    while (!c!.engine.has(id)) await clock.advance(100)
    const took = clock.now() - goneAt
    expect(took).toBeLessThanOrEqual(2 * LEASE_MS)
    expect(took).toBeGreaterThanOrEqual((2 / 3 + 1 / 4) * LEASE_MS)
  })

  it('knows that its lease may be over by its own clock, and then drops what others took', async () => {
    const [a, b] = await start('a', 'b')
    await create(ids(40), () => 'a')
    expect(a!.ownership.mayAct).toBe(true)
    const renew = store.renew
    store.renew = (engine, ms) =>
      engine.engine_id === 'a'
        ? Promise.reject(new StoreUnavailableError('away'))
        : renew.call(store, engine, ms)
    await clock.advance(LEASE_MS)
    expect(a!.ownership.mayAct).toBe(false)
    await clock.advance(LEASE_MS)
    expect(b!.engine.mine.size).toBe(40)
    store.renew = renew
    await clock.advance(LEASE_MS / 3)
    expect(a!.ownership.mayAct).toBe(true)
    expect(a!.engine.mine.size).toBe(0)
  })

  it('goes on with what is still its own after its lease had lapsed', async () => {
    const [a] = await start('a')
    await create(ids(300), () => 'a')
    a!.engine.mine.clear()
    const renew = store.renew
    store.renew = () => Promise.reject(new StoreUnavailableError('away'))
    await clock.advance(3 * LEASE_MS)
    store.renew = renew
    await clock.advance(LEASE_MS)
    expect(a!.engine.mine.size).toBe(300)
  })

  it('hands all it owns to the others when it drains, and takes nothing more', async () => {
    const [a, b, c] = await start('a', 'b', 'c')
    const names = ids(300)
    await create(names, () => 'a')
    await a!.ownership.drain()
    await clock.advance(0)
    expect(a!.engine.mine.size).toBe(0)
    expect(a!.engine.starts).toBe(false)
    const now = await owners(names)
    for (const id of names) expect(now.get(id)).toBe(rendezvousFirst(id, ['b', 'c']))
    await clock.advance(0)
    expect(b!.engine.mine.size + c!.engine.mine.size).toBe(300)
    expect(a!.ownership.ownerFor('x')).not.toBe('a')
    await clock.advance(LEASE_MS)
    expect(b!.ownership.ownerFor('x')).toBe(rendezvousFirst('x', ['b', 'c']))
  })

  it('keeps what it owns when it drains alone, and the next engine has it at once', async () => {
    const [a] = await start('a')
    await create(ids(10), () => 'a')
    await a!.ownership.drain()
    expect((await store.head('workflow-0'))?.owner).toBe('a')
    expect(a!.ownership.ownerFor('x')).toBeUndefined()
    open = []
    await a!.ownership.close()
    const next = openEngine(store, clock, 'next')
    open.push(next)
    await next.ownership.start()
    expect(next.engine.mine.size).toBe(10)
  })

  it('hears of what it owns also when no hint came', async () => {
    const watch = store.watch
    store.watch = () => () => {}
    const [a] = await start('a')
    store.watch = watch
    await create(ids(700), () => 'a')
    expect(a!.engine.mine.size).toBe(0)
    await clock.advance(LEASE_MS)
    expect(a!.engine.mine.size).toBe(700)
  })

  it('drops what another has when it is told that it was refused', async () => {
    const [a, b] = await start('a', 'b')
    await create(['one'], () => 'a')
    const [head] = await store.claim([{ workflow_id: 'one', fence: 1, owner: 'b' }])
    a!.ownership.recheck('one')
    await clock.advance(0)
    expect(a!.engine.has('one')).toBe(false)
    expect(b!.engine.mine.get('one')).toBe(head?.fence)
  })

  it('says who drives a workflow, and why', async () => {
    const [a] = await start('a', 'b')
    const head = workflowOf('one', 'a', clock.now()).head
    const { ownership } = a!
    expect(ownership.coordination(head)).toMatchObject({
      state: 'owned',
      engine: 'a',
      node: 'node-of-a',
      fence: 1,
    })
    expect(ownership.coordination({ ...head, owner: 'gone' })).toMatchObject({
      state: 'unowned',
      engine: 'gone',
    })
    const moving = { ...head, handover: { to: 'peer', transfer: 't' } }
    expect(ownership.coordination(moving)).toMatchObject({ state: 'moving', moved_to: 'peer' })
    const moved = { ...head, moved_to: 'peer', ended_at: 1 }
    expect(ownership.coordination(moved)).toMatchObject({ state: 'moved', moved_to: 'peer' })
    expect(ownership.coordination({ ...head, state: 'succeeded', ended_at: 1 })).toMatchObject({
      state: 'ended',
    })
  })
})
