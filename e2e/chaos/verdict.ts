/** What must hold after every disaster. */
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'playwright/test'
import { callTool, connectClient, until } from '../node-process.ts'
import type { Measured } from './measured.ts'
import type { Acknowledged } from './submitter.ts'
import { allEvents, counts, forEachWithClients, resultOf, TERMINAL, taskStatus } from './task-history.ts'

/** Up to so many tasks, the attempts of each are read. */
const LOOK_AT_ALL = 500

export interface VerdictOptions {
  /** How long the rest may take to end, ms. */
  withinMs?: number
  /** Tasks that the node may have beside those: a submit whose refusal was answered although it was stored is none. */
  others?: number
}

/**
 * No acknowledged task is lost, each has ended with its own right result, and its outcome was committed once: by the
 * tasks themselves, by their attempts, by the journal of changes, and by the counts.
 */
export async function expectEachCommittedOnce(
  node: { origin: string },
  acknowledged: readonly Acknowledged[],
  measured: Measured,
  { withinMs = 300_000, others = 0 }: VerdictOptions = {},
): Promise<void> {
  const ids = new Set(acknowledged.map(({ task_id }) => task_id))
  expect(ids.size, 'each key has a task of its own').toBe(acknowledged.length)
  const client = await connectClient(node)
  await until(
    'every task terminal',
    async () => {
      const { scheduled = 0, queued = 0, running = 0 } = await counts(client)
      return scheduled + queued + running === 0 ? true : undefined
    },
    withinMs,
  )

  const wrong: string[] = []
  const events = await allEvents(client)
  expect(
    events.findIndex(({ seq }, n) => seq !== n + 1),
    'a position of the journal that is missing',
  ).toBe(-1)
  const ends = new Map<string, string>()
  const starts = new Map<string, number>()
  for (const { task_id, state, seq } of events) {
    if (ends.has(task_id)) wrong.push(`${task_id} had ended, and is ${state} at ${seq}`)
    if (TERMINAL.has(state)) ends.set(task_id, state)
    if (state === 'running') starts.set(task_id, (starts.get(task_id) ?? 0) + 1)
  }
  expect(wrong.slice(0, 5), `${wrong.length} changes after the end of a task`).toEqual([])
  for (const id of ids) if (ends.get(id) !== 'succeeded') wrong.push(`${id} ends ${ends.get(id)}`)
  expect(wrong.slice(0, 5), `${wrong.length} tasks without their end in the journal`).toEqual([])

  let repeated = 0
  await forEachWithClients(node, acknowledged, async (own, { task_id, expected }) => {
    const ended = await resultOf(own, task_id)
    if (ended.state !== 'succeeded') wrong.push(`${task_id} ${JSON.stringify(ended)}`)
    else if (!isDeepStrictEqual(ended.result, expected)) wrong.push(`${task_id}: another result`)
    // Of many tasks, those that the journal says ran once need no closer look.
    if (acknowledged.length > LOOK_AT_ALL && starts.get(task_id) === 1) return
    const { state, attempts } = await taskStatus(own, task_id)
    const committed = attempts.filter(attempt => attempt.state === 'succeeded').length
    if (state !== 'succeeded' || committed !== 1)
      wrong.push(`${task_id} ${state}, committed ${committed} times`)
    const fences = attempts.map(({ fence }) => fence)
    if (fences.some((fence, n) => n > 0 && fence <= (fences[n - 1] ?? 0)))
      wrong.push(`${task_id} fences ${fences}`)
    repeated += attempts.length - committed
  })
  expect(wrong.slice(0, 5), `${wrong.length} tasks`).toEqual([])

  const total = Object.values(await counts(client)).reduce((sum, count) => sum + count, 0)
  expect(total, 'tasks that the node counts').toBe(ids.size + others)
  expect(ends.size, 'tasks that end in the journal').toBe(ids.size + others)
  await client.close()
  measured.row('acknowledged tasks, each committed once', ids.size)
  measured.row('attempts that came to nothing', repeated)
  measured.row('changes in the journal', events.length)
}

/** Results do not change any more: those of a part of the tasks are read again. */
export async function expectStillTheSame(
  node: { origin: string },
  acknowledged: readonly Acknowledged[],
): Promise<void> {
  await forEachWithClients(node, acknowledged, async (client, { task_id, expected }) => {
    const found = await callTool(client, 'p2p_taskqueue_get_result', { task_id })
    expect(found).toMatchObject({ state: 'succeeded', result: expected })
  })
}
