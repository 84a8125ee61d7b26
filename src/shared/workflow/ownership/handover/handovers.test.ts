import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { KeptBody } from '../../store/store.ts'
import type { WorkflowEvent, WorkflowHead } from '../../workflow.ts'
import { workflowOf } from '../ownership.fixture.ts'
import type { Accident } from '../process.fixture.ts'
import { QuickClock } from '../quick-clock.fixture.ts'
import { HandoverWorld, PLAN } from './handover-nodes.fixture.ts'

const RUNS = Number(process.env.PROPERTY_RUNS ?? 300)
const ID = 'the-workflow'
const QUIET_MS = 10 * 60_000

async function openWorld(names = ['a', 'b']): Promise<HandoverWorld> {
  const world = new HandoverWorld(new QuickClock(), names)
  for (const node of world.nodes.values()) await node.start()
  return world
}

/** A workflow of two steps, the first of which has ended; with bodies small and large. */
async function createAt(world: HandoverWorld, name: string, large = 'x'.repeat(200_000)): Promise<void> {
  const node = world.node(name)
  const at = world.clock.now()
  const { head } = workflowOf(ID, undefined, at)
  const events: WorkflowEvent[] = [
    { seq: 1, at, kind: 'submitted', by: 'local' },
    { seq: 2, at, kind: 'step_waiting', step: 'first', generation: 1, until: at },
    { seq: 3, at, kind: 'step_ended', step: 'first', generation: 1, state: 'succeeded' },
  ]
  const bodies: KeptBody[] = [
    { key: { of: 'definition' }, body: JSON.stringify(PLAN.definition) },
    { key: { of: 'input', generation: 1 }, body: '{"n":1}' },
    {
      key: { of: 'output', step: 'first', generation: 1 },
      body: JSON.stringify({ large, odd: 'é\u{1f600}"\\' }),
    },
  ]
  const steps = { ...head.steps, pending: 1, succeeded: 1 }
  const whole: WorkflowHead = { ...head, seq: 3, steps, labels: { team: 'x' }, idempotency_key: 'key' }
  await node.store.create([{ head: whole, events, bodies }])
  node.run?.process.kill()
  await node.restart()
}

const handOver = (world: HandoverWorld, from: string, to: string) =>
  world.node(from).store.request(ID, { kind: 'hand_over', by: 'local', to })

describe('Handovers', () => {
  let world: HandoverWorld

  beforeEach(async () => {
    world = await openWorld(['a', 'b', 'c'])
    await createAt(world, 'a')
  })

  async function eventsAt(name: string): Promise<WorkflowEvent[]> {
    return (await world.node(name).store.events(ID, 0, 1_000)).events
  }

  it('moves a workflow with its history, its outputs and its open requests', async () => {
    const { store } = world.node('a')
    await store.request(ID, { kind: 'signal', by: 'local', signal: 'go' }, '{"yes":true}')
    await handOver(world, 'a', 'b')
    await world.clock.pass(QUIET_MS)
    expect(world.workersOn(ID)).toEqual(['b'])
    const here = await store.head(ID)
    expect(here).toMatchObject({
      moved_to: 'b',
      ended_at: expect.any(Number),
      state: 'running',
      principal: 'local',
    })
    expect(here?.handover).toBeUndefined()
    const there = world.node('b').store
    expect(await there.head(ID)).toMatchObject({
      principal: 'peer:a',
      moved_from: 'a',
      labels: { team: 'x' },
      steps: { pending: 1, succeeded: 1 },
      root_id: ID,
      depth: 0,
    })
    expect((await there.head(ID))?.idempotency_key).toBeUndefined()
    const [output] = await there.bodies(ID, [{ of: 'output', step: 'first', generation: 1 }])
    const [original] = await store.bodies(ID, [{ of: 'output', step: 'first', generation: 1 }])
    expect(typeof output === 'object' && (await world.node('b').blobs.get(output.blob))).toBe(original)
    expect(await there.requests(ID)).toMatchObject([
      { request: { kind: 'signal', by: 'peer:a', signal: 'go' }, body: '{"yes":true}' },
    ])
    expect((await eventsAt('b')).map(({ kind }) => kind)).toEqual([
      'submitted',
      'step_waiting',
      'step_ended',
      'handover_began',
      'adopted',
    ])
    expect((await eventsAt('a')).at(-1)?.kind).toBe('handed_over')
    expect(await store.requests(ID)).toEqual([])
  })

  it('gives it back to whom it belonged, with its key', async () => {
    await handOver(world, 'a', 'b')
    await world.clock.pass(QUIET_MS)
    await handOver(world, 'b', 'a')
    await world.clock.pass(QUIET_MS)
    expect(world.workersOn(ID)).toEqual(['a'])
    const head = await world.node('a').store.head(ID)
    expect(head).toMatchObject({ principal: 'local', idempotency_key: 'key', labels: { team: 'x' } })
    expect(head?.moved_to).toBeUndefined()
    expect(head?.moved_from).toBeUndefined()
    expect(await world.node('b').store.head(ID)).toMatchObject({ moved_to: 'a' })
  })

  it('refuses while steps run, names them, and goes on', async () => {
    world.node('a').run!.running = ['second']
    await handOver(world, 'a', 'b')
    await world.clock.pass(QUIET_MS)
    expect(world.workersOn(ID)).toEqual(['a'])
    expect((await eventsAt('a')).at(-1)).toMatchObject({
      kind: 'request_refused',
      error: { code: 'conflict', message: expect.stringContaining('second'), retryable: true },
    })
    expect(await world.node('a').store.requests(ID)).toEqual([])
  })

  it('refuses a node that cannot be reached, and its own', async () => {
    world.node('b').run!.process.kill()
    await handOver(world, 'a', 'b')
    await world.clock.pass(1_000)
    expect((await eventsAt('a')).at(-1)).toMatchObject({ error: { code: 'owner_unreachable' } })
    await handOver(world, 'a', 'a')
    await world.clock.pass(1_000)
    expect((await eventsAt('a')).at(-1)).toMatchObject({ error: { code: 'conflict' } })
    expect(world.workersOn(ID)).toEqual(['a'])
  })

  it('goes on where it was when the other node refuses', async () => {
    await world.node('b').store.create([workflowOf(ID, undefined, 0)])
    await handOver(world, 'a', 'b')
    await world.clock.pass(QUIET_MS)
    expect(world.workersOn(ID)).toEqual(['a'])
    expect((await eventsAt('a')).at(-1)).toMatchObject({
      kind: 'handover_refused',
      error: { code: 'conflict' },
    })
    expect((await world.node('a').store.head(ID))?.handover).toBeUndefined()
  })

  it('takes no request while it is on its way, and one more handover is refused', async () => {
    await handOver(world, 'a', 'b')
    await handOver(world, 'a', 'c')
    await world.clock.pass(QUIET_MS)
    expect(world.workersOn(ID)).toHaveLength(1)
    await expect(handOver(world, 'a', 'c')).rejects.toMatchObject({ code: 'conflict' })
  })

  it('takes a workflow that it remembers only from the node that it gave it to', async () => {
    await handOver(world, 'a', 'b')
    await world.clock.pass(QUIET_MS)
    await handOver(world, 'b', 'c')
    await world.clock.pass(QUIET_MS)
    expect(world.workersOn(ID)).toEqual(['c'])
    await handOver(world, 'c', 'a')
    await world.clock.pass(QUIET_MS)
    expect(world.workersOn(ID)).toEqual(['c'])
    await handOver(world, 'c', 'b')
    await world.clock.pass(QUIET_MS)
    expect(await world.node('b').store.head(ID)).toMatchObject({ principal: 'peer:a', moved_from: 'a' })
    await handOver(world, 'b', 'a')
    await world.clock.pass(QUIET_MS)
    expect(world.workersOn(ID)).toEqual(['a'])
  })
})

describe('Handovers with nodes that die, or stand still', () => {
  const accident: fc.Arbitrary<Accident> = fc.record(
    {
      call: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 40 })),
      when: fc.constantFrom('before' as const, 'after' as const),
      forMs: fc.constantFrom(5_000, 70_000, 200_000),
    },
    { requiredKeys: ['call', 'when'] },
  )
  const strike = (node: string, accident: Accident) => [{ do: 'restart' as const, node, accident }]
  const act = fc.oneof(
    fc.record({ do: fc.constant('move' as const), from: fc.constantFrom('a', 'b') }),
    fc.record({ do: fc.constant('signal' as const), at: fc.constantFrom('a', 'b') }),
    fc.record({ do: fc.constant('restart' as const), node: fc.constantFrom('a', 'b'), accident }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1_500, 40_000, 90_000) }),
  )

  it(
    'leave the workflow with one node, whole, at every time',
    async () => {
      await fc.assert(
        fc.asyncProperty(accident, accident, fc.array(act, { maxLength: 12 }), async (ofA, ofB, later) => {
          const acts = [
            ...strike('a', ofA),
            ...strike('b', ofB),
            { do: 'move' as const, from: 'a' },
            ...later,
          ]
          const world = await openWorld()
          await createAt(world, 'a', 'y'.repeat(100_000))
          let signals = 0
          for (const each of acts) {
            if (each.do === 'wait') await world.clock.pass(each.ms)
            else if (each.do === 'restart') {
              world.node(each.node).run?.process.kill()
              const node = world.node(each.node)
              for (const other of world.nodes.values()) other.run?.adoptions.left(node.name)
              await world.clock.pass(0)
              void node.start(each.accident)
            } else if (each.do === 'move') {
              await handOver(world, each.from, each.from === 'a' ? 'b' : 'a').catch(() => {})
            } else {
              const taken = world
                .node(each.at)
                .store.request(ID, { kind: 'signal', by: 'local', signal: 's' })
              await taken.then(
                () => {
                  signals += 1
                },
                () => {},
              )
            }
            await world.clock.pass(0)
          }
          await world.clock.pass(QUIET_MS)
          for (const node of world.nodes.values()) {
            node.run?.process.kill()
            await node.restart()
          }
          await world.clock.pass(QUIET_MS)

          expect(world.doubled).toEqual([])
          const owners = world.workersOn(ID)
          expect(owners).toHaveLength(1)
          const { store } = world.node(owners[0] ?? '')
          const { events } = await store.events(ID, 0, 1_000)
          expect(events.map(({ seq }) => seq)).toEqual(events.map((_, place) => place + 1))
          expect((await store.head(ID))?.seq).toBe(events.length)
          expect(await store.requests(ID)).toHaveLength(signals)
          for (const node of world.nodes.values()) {
            const head = await node.store.head(ID)
            if (node.name !== owners[0] && head !== undefined) expect(head.moved_to).toBe(owners[0])
          }
          const keys = [{ of: 'output' as const, step: 'first', generation: 1 }]
          const [body = ''] = await store.bodies(ID, keys)
          const text =
            typeof body === 'string' ? body : await world.node(owners[0] ?? '').blobs.get(body.blob)
          expect(JSON.parse(text)).toEqual({ large: 'y'.repeat(100_000), odd: 'é\u{1f600}"\\' })
        }),
        { numRuns: RUNS },
      )
    },
    RUNS * 50 + 60_000,
  )
})
