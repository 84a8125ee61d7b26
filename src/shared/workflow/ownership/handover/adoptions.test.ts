import { beforeEach, describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../../errors.ts'
import { silentLogger } from '../../../logger.ts'
import { Bodies } from '../../../queue/bodies/bodies.ts'
import { MemoryBlobStore } from '../../../queue/bodies/memory-blob-store.ts'
import { MemoryWorkflowStore } from '../../store/memory-workflow-store.ts'
import type { WorkflowEvent } from '../../workflow.ts'
import { workflowOf } from '../ownership.fixture.ts'
import { QuickClock } from '../quick-clock.fixture.ts'
import { Adoptions, type AdoptionsInit } from './adoptions.ts'
import { PLAN } from './handover-nodes.fixture.ts'
import type { TransferHead, TransferPage, TransferRecord } from './transfer.ts'

const { head: row } = workflowOf('w', undefined, 0)

const events: WorkflowEvent[] = [
  { seq: 1, at: 1, kind: 'submitted', by: 'someone' },
  { seq: 2, at: 2, kind: 'handover_began', to: 'me', transfer: 't' },
]
const sent: TransferHead = {
  name: 'test',
  definition_cid: PLAN.cid,
  state: 'running',
  seq: 2,
  generation: 1,
  created_at: 1,
  changed_at: 2,
  steps: { ...row.steps, pending: 2 },
  failed_steps: 0,
  labels: {},
  metadata: {},
}
const PIECE: TransferRecord = {
  body: { of: 'input', generation: 1 },
  text: 'z'.repeat(9_000),
  more: true,
}
const definition: TransferRecord = { body: { of: 'definition' }, text: JSON.stringify(PLAN.definition) }
const whole: TransferRecord[] = [{ head: sent }, definition, { events }]

const pageOf = (records: TransferRecord[], more: Partial<TransferPage> = {}): TransferPage => ({
  workflow_id: 'w',
  transfer: 't',
  page: 0,
  records,
  last: true,
  ...more,
})

const notLast = (records: TransferRecord[], more: Partial<TransferPage> = {}): TransferPage => {
  const { last: _last, ...page } = pageOf(records, more)
  return page
}

describe('Adoptions', () => {
  let clock: QuickClock
  let store: MemoryWorkflowStore
  let blobs: MemoryBlobStore

  beforeEach(() => {
    clock = new QuickClock()
    store = new MemoryWorkflowStore({ clock })
    blobs = new MemoryBlobStore()
  })

  function open(init: Partial<AdoptionsInit> = {}): Adoptions {
    return new Adoptions({
      store,
      bodies: new Bodies({ store: blobs, logger: silentLogger, inlineBytes: 1_000 }),
      compile: () => PLAN,
      ownerFor: () => 'engine',
      ensureRoom: () => {},
      onAdopted: () => {},
      node: 'me',
      clock,
      logger: silentLogger,
      limits: { events: 100, bodyChars: 50_000, oneBodyChars: 20_000, items: 10 },
      ...init,
    })
  }

  async function blobCount(): Promise<number> {
    await clock.pass(0)
    let count = 0
    for await (const page of blobs.list()) count += page.length
    return count
  }

  it('takes a workflow whole, and says so again to the same transfer, also when it has moved on', async () => {
    const adopted: string[] = []
    const adoptions = open({ onAdopted: id => adopted.push(id) })
    expect(await adoptions.take('peer', pageOf(whole))).toEqual({ adopted: true })
    expect(await adoptions.take('peer', pageOf(whole))).toEqual({ adopted: true })
    expect(adopted).toEqual(['w'])
    const head = await store.head('w')
    expect(head).toMatchObject({ owner: 'engine', fence: 1, seq: 3, principal: 'peer:peer' })
    if (head === undefined) return
    await store.append([
      {
        workflow_id: 'w',
        fence: 1,
        events: [
          { seq: 4, at: 4, kind: 'handover_began', to: 'x', transfer: 'u' },
          { seq: 5, at: 5, kind: 'handed_over', to: 'x' },
        ],
        bodies: [],
        head: { ...head, seq: 5, moved_to: 'x', ended_at: 5 },
        requests_done: [],
      },
    ])
    expect(await adoptions.take('peer', pageOf(whole))).toEqual({ adopted: true })
  })

  it('takes it page by page, a body in pieces, and begins anew with page 0', async () => {
    const adoptions = open()
    const key = { of: 'input', generation: 1 } as const
    const text = JSON.stringify('z'.repeat(5_000))
    const pages: TransferRecord[][] = [
      [{ head: sent }],
      [definition, { events: events.slice(0, 1) }],
      [{ events: events.slice(1) }, { body: key, text: text.slice(0, 2_000), more: true }],
      [{ body: key, text: text.slice(2_000) }],
    ]
    for (const records of pages.slice(0, 2)) {
      const page = records === pages[0] ? 0 : 1
      expect(await adoptions.take('peer', notLast(records, { page }))).toEqual({ next: page + 1 })
    }
    for (const [page, records] of pages.entries()) {
      const answer = await adoptions.take(
        'peer',
        page === 3 ? pageOf(records, { page }) : notLast(records, { page }),
      )
      expect(answer).toEqual(page === 3 ? { adopted: true } : { next: page + 1 })
    }
    const [body] = await store.bodies('w', [key])
    expect(typeof body === 'object' && (await blobs.get(body.blob))).toBe(text)
    expect(await blobCount()).toBe(1)
  })

  it.each<[string, TransferRecord[], string]>([
    ['no head first', [definition, { head: sent }, { events }], '/records'],
    ['two heads', [{ head: sent }, { head: sent }], '/head'],
    ['events before the definition', [{ head: sent }, { events }], '/events'],
    ['a definition that is none', [{ head: sent }, { body: { of: 'definition' }, text: '{' }], '/body'],
    ['another definition', [{ head: { ...sent, definition_cid: 'x' } }, definition], '/head/definition_cid'],
    ['no events', [{ head: sent }, definition], '/transfer'],
    ['a gap in the events', [{ head: sent }, definition, { events: events.slice(1) }], '/events'],
    [
      'more events than the head says',
      [{ head: { ...sent, seq: 1 } }, definition, { events }],
      '/events/seq',
    ],
    ['more events than are taken', [{ head: { ...sent, seq: 101 } }, definition], '/head/seq'],
    [
      'a step that is not there',
      withEvent({ kind: 'step_ended', step: 'x', generation: 1, state: 'failed' }),
      '/events',
    ],
    ['a step that ends twice', [...withEvent(ended()).slice(0, 2), { events: twice() }], '/events'],
    [
      'an event that the table forbids',
      withEvent({ kind: 'item_ended', step: 'first', generation: 1, item: 0, state: 'failed' }),
      '/events',
    ],
    [
      'more items than are taken',
      withEvent({ kind: 'step_started', step: 'first', generation: 1, items: 11 }),
      '/events/items',
    ],
    [
      'counts that its events do not lead to',
      [{ head: { ...sent, failed_steps: 1 } }, definition, { events }],
      '/head',
    ],
    [
      'a body that is larger than any may be, in pieces',
      [{ head: sent }, definition, ...Array.from({ length: 3 }, () => PIECE)],
      '/body',
    ],
    [
      'a generation that is not the next',
      withEvent({ kind: 'rescheduled', by: 'x', generation: 7, steps: ['first'] }),
      '/events/generation',
    ],
    ['one that has ended', withEvent({ kind: 'ended', state: 'failed' }), '/head/state'],
    [
      'a handover to another',
      [{ head: sent }, definition, { events: [events[0]!, { ...events[1]!, to: 'you' } as WorkflowEvent] }],
      '/transfer',
    ],
    ['a body that is no JSON', [...whole, { body: { of: 'input', generation: 1 }, text: 'x' }], '/body'],
    [
      'an output of no step',
      [...whole, { body: { of: 'output', step: 'x', generation: 1 }, text: '1' }],
      '/body/step',
    ],
    ['half a body', [...whole, { body: { of: 'input', generation: 1 }, text: '1', more: true }], '/records'],
    [
      'bodies that mix',
      [
        ...whole,
        { body: { of: 'input', generation: 1 }, text: '1', more: true },
        { body: { of: 'result' }, text: '1' },
      ],
      '/body',
    ],
    [
      'more than is taken',
      [...whole, { body: { of: 'input', generation: 1 }, text: `"${'x'.repeat(50_000)}"` }],
      '/body',
    ],
  ])('refuses %s, and keeps nothing', async (_what, records, field) => {
    const adoptions = open()
    const large: TransferRecord = {
      body: { of: 'input', generation: 9 },
      text: JSON.stringify('y'.repeat(5_000)),
    }
    const at = records.findIndex(record => 'events' in record) + 1
    const all = at === 0 ? records : [...records.slice(0, at), large, ...records.slice(at)]
    expect(await adoptions.take('peer', pageOf(all))).toMatchObject({
      refused: { code: 'invalid_input', field },
    })
    expect(await store.head('w')).toBeUndefined()
    expect(await blobCount()).toBe(0)
    // Nothing of it is in the way of the next.
    expect(await adoptions.take('peer', pageOf(whole))).toEqual({ adopted: true })
  })

  it('refuses what this node cannot run, what it has no room for, and all when it shuts down', async () => {
    const compile = () => {
      throw new InvalidInputError('/steps/0/tool', 'nope', 'a tool of this node')
    }
    expect(await open({ compile }).take('peer', pageOf(whole))).toMatchObject({
      refused: { code: 'invalid_input', field: '/steps/0/tool' },
    })
    expect(await open({ ownerFor: () => undefined }).take('peer', pageOf(whole))).toMatchObject({
      refused: { code: 'unavailable' },
    })
    const ensureRoom = () => {
      throw new InvalidInputError('/', 'full', 'less')
    }
    expect(await open({ ensureRoom }).take('peer', pageOf(whole))).toMatchObject({ refused: {} })
  })

  it('leaves what is here of another to whom it belongs', async () => {
    await store.create([workflowOf('w', 'engine', 0)])
    expect(await open().take('peer', pageOf(whole))).toMatchObject({ refused: { code: 'conflict' } })
    expect(await store.head('w')).toMatchObject({ principal: 'local' })
  })

  it('takes no page out of turn, of another transfer, or of another peer', async () => {
    const adoptions = open()
    await adoptions.take('peer', notLast([{ head: sent }]))
    for (const [from, page] of [
      ['peer', pageOf(whole, { page: 2 })],
      ['peer', pageOf(whole, { page: 1, transfer: 'u' })],
      ['other', pageOf(whole, { page: 1 })],
      ['other', pageOf(whole)],
      ['peer', pageOf(whole, { page: 1, workflow_id: 'v' })],
    ] as const) {
      await expect(adoptions.take(from, page)).rejects.toMatchObject({ code: 'conflict' })
    }
    expect(await adoptions.take('peer', pageOf([definition, { events }], { page: 1 }))).toEqual({
      adopted: true,
    })
  })

  it('forgets what does not come whole: when no page comes, or the peer is gone', async () => {
    const adoptions = open()
    const rest = () => adoptions.take('peer', pageOf([definition, { events }], { page: 1 }))
    await adoptions.take('peer', notLast([{ head: sent }]))
    await clock.pass(61_000)
    await expect(rest()).rejects.toMatchObject({ code: 'conflict' })
    await adoptions.take('peer', notLast([{ head: sent }]))
    adoptions.left('peer')
    await expect(rest()).rejects.toMatchObject({ code: 'conflict' })
    expect(await store.head('w')).toBeUndefined()
  })

  it('takes a bounded number at once', async () => {
    const adoptions = open()
    for (let n = 0; n < 8; n++)
      await adoptions.take('peer', notLast([{ head: sent }], { workflow_id: `w${n}` }))
    await expect(adoptions.take('peer', pageOf(whole))).rejects.toMatchObject({ code: 'queue_full' })
    adoptions.left('peer')
    expect(await adoptions.take('peer', pageOf(whole))).toEqual({ adopted: true })
    await adoptions.close()
  })
})

type AnyEvent = WorkflowEvent extends infer E
  ? E extends WorkflowEvent
    ? Omit<E, 'seq' | 'at'>
    : never
  : never

function ended(): AnyEvent {
  return { kind: 'step_ended', step: 'first', generation: 1, state: 'failed' }
}

function twice(): WorkflowEvent[] {
  return [1, 2, 3].map(seq => (seq === 1 ? events[0]! : ({ seq, at: 2, ...ended() } as WorkflowEvent)))
}

/** The whole of it with one more event before the handover. */
function withEvent(event: AnyEvent): TransferRecord[] {
  const more = [events[0]!, { seq: 2, at: 2, ...event } as WorkflowEvent, { ...events[1]!, seq: 3 }]
  return [{ head: { ...sent, seq: 3, steps: stepsAfter(event) } }, definition, { events: more }]
}

function stepsAfter({ kind }: AnyEvent): TransferHead['steps'] {
  return kind === 'step_started' ? { ...sent.steps, pending: 1, running: 1 } : sent.steps
}
