import { afterEach, describe, expect, it } from 'vitest'
import type { ErrorFacts } from '../../errors.ts'
import type {
  TransferAnswer,
  TransferPage,
  TransferRecord,
} from '../../workflow/ownership/handover/transfer.ts'
import type { WorkflowEvent } from '../../workflow/workflow.ts'
import { principalWith } from '../text-tools.fixture.ts'
import { closers, pair } from './endpoint-pair.fixture.ts'
import { adoptParams } from './handover-protocol.ts'

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const error: ErrorFacts = { code: 'tool_failed', message: 'broken', retryable: false }
const step = { step: 'first', generation: 1 }

/** One of each kind, with all that it may hold: a kind that is missing here does not compile. */
const EVENTS: {
  [K in WorkflowEvent['kind']]: Omit<Extract<WorkflowEvent, { kind: K }>, 'kind' | 'seq' | 'at'>
} = {
  submitted: { by: 'local' },
  claimed: { engine: 'e', fence: 1 },
  step_started: { ...step, task_id: 't', workflow_id: 'w', items: 3 },
  step_waiting: { ...step, until: 5, signal: 'go', message: 'May it?' },
  item_ended: { ...step, item: 2, state: 'failed', task_id: 't', workflow_id: 'w', cached: true, error },
  compensation_started: { ...step, task_id: 't', error },
  step_ended: {
    ...step,
    state: 'skipped',
    task_id: 't',
    workflow_id: 'w',
    cached: true,
    continued: true,
    fatal: true,
    reason: 'depends on fetch, which failed',
    error,
  },
  signalled: { signal: 'go', by: 'peer:x' },
  cancel_requested: { by: 'local', reason: 'enough' },
  rescheduled: { by: 'local', generation: 2, steps: ['first'], input: true },
  request_refused: { request: 'hand_over', error },
  handover_began: { to: 'peer', transfer: 't' },
  handover_refused: { to: 'peer', error },
  handed_over: { to: 'peer' },
  adopted: { from: 'peer', transfer: 't' },
  ended: { state: 'failed', error },
}

const events = Object.entries(EVENTS).map(([kind, rest], place) => ({
  kind,
  seq: place + 1,
  at: 7,
  ...rest,
})) as WorkflowEvent[]

const records: TransferRecord[] = [
  {
    head: {
      name: 'test',
      version: '2',
      definition_cid: 'cid',
      state: 'waiting',
      seq: events.length,
      generation: 2,
      created_at: 1,
      changed_at: 2,
      steps: { pending: 1, waiting: 0, running: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 },
      failed_steps: 0,
      error,
      labels: { team: 'x' },
      metadata: { any: [1, { thing: null }] },
    },
  },
  { body: { of: 'definition' }, text: '{"name":', more: true },
  { body: { of: 'definition' }, text: '"test"}' },
  { events },
  { body: { of: 'input', generation: 1 }, text: '{}' },
  { body: { of: 'output', step: 'first', generation: 1, item: 3 }, text: '1' },
  { body: { of: 'signal', signal: 'go', n: 0 }, text: '1' },
  { body: { of: 'items', step: 'first', generation: 1 }, text: '[]' },
  { body: { of: 'result' }, text: '1' },
  { request: { kind: 'signal', by: 'local', signal: 'go' }, text: '{}' },
  { request: { kind: 'cancel', by: 'local', reason: 'no' } },
  { request: { kind: 'reschedule', by: 'local', steps: ['first'] } },
]
const page: TransferPage = { workflow_id: 'w', transfer: 't', page: 0, records, last: true }

/** A node that keeps what comes. */
function taker(answer: TransferAnswer = { adopted: true }) {
  const taken: { from: string; page: TransferPage }[] = []
  const adopter = {
    async take(from: string, page: TransferPage) {
      taken.push({ from, page })
      return answer
    },
  }
  return { taken, adopter }
}

const options = { timeoutMs: 10_000 }

describe('handing a workflow over on a session', () => {
  it('brings every record as it was, in the name of the peer', async () => {
    const { taken, adopter } = taker()
    const { tab } = pair({ tabPrincipal: principalWith('peer:tab', 'submit'), node: { adopter } })
    expect(await tab.handOver(page, options)).toEqual({ adopted: true })
    expect(taken).toEqual([{ from: 'tab', page }])
  })

  it('gives each answer as it is', async () => {
    for (const answer of [{ next: 3 }, { refused: error }] as const) {
      const { tab } = pair({
        tabPrincipal: principalWith('peer:tab', 'submit'),
        node: { adopter: taker(answer).adopter },
      })
      expect(await tab.handOver(page, options)).toEqual(answer)
    }
  })

  it('is for peers that may submit', async () => {
    const { taken, adopter } = taker()
    for (const [principal, code] of [
      [undefined, 'unauthenticated'],
      [principalWith('peer:tab', 'work'), 'forbidden'],
      [principalWith('peer:tab', 'read'), 'forbidden'],
    ] as const) {
      const { tab } = pair({ tabPrincipal: principal, node: { adopter } })
      await expect(tab.handOver(page, options)).rejects.toMatchObject({ code })
    }
    expect(taken).toEqual([])
  })

  it('rejects where the peer takes no workflows', async () => {
    const { tab } = pair({ tabPrincipal: principalWith('peer:tab', 'submit') })
    await expect(tab.handOver(page, options)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it.each([
    ['an event with a field that is not known', { events: [{ ...events[0], colour: 'red' }] }, '/records/0'],
    ['an event of no kind', { events: [{ kind: 'exploded', seq: 1, at: 1 }] }, '/records/0'],
    ['a head that has ended', { head: { ...headOf(), state: 'succeeded' } }, '/records/0'],
    ['a head with an owner', { head: { ...headOf(), owner: 'me' } }, '/records/0'],
    ['metadata that is large', { head: { ...headOf(), metadata: { x: 'x'.repeat(20_000) } } }, '/records/0'],
    ['too many items', { events: [{ ...events[2], items: 100_001 }] }, '/records/0'],
    ['a body of nothing', { body: { of: 'secret' }, text: '1' }, '/records/0'],
    ['a handover as a request', { request: { kind: 'hand_over', by: 'x', to: 'y' } }, '/records/0'],
  ])('refuses %s', async (_what, record, field) => {
    const { taken, adopter } = taker()
    const { tab } = pair({ tabPrincipal: principalWith('peer:tab', 'submit'), node: { adopter } })
    const wrong = { ...page, records: [record] } as unknown as TransferPage
    const refusal = await tab.handOver(wrong, options).catch(error => error)
    expect(refusal).toMatchObject({
      code: 'invalid_input',
      details: { field: expect.stringContaining(field) },
    })
    expect(taken).toEqual([])
  })

  it('has a schema that gives back what it was given', () => {
    expect(adoptParams.parse(page)).toEqual(page)
  })
})

function headOf() {
  const [first] = records
  return first !== undefined && 'head' in first ? first.head : undefined
}
