/** What became of the attempts that a lost worker left behind. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { until } from '../node-process.ts'
import type { Acknowledged } from './submitter.ts'
import { allEvents, resultOf, taskStatus } from './task-history.ts'

export interface Rerun {
  task_id: string
  /** From the loss of the worker until the next attempt began, ms. */
  afterMs: number
  lostFence: number
  fence: number
}

/** Waits until the peer runs one of the tasks; gives those that it runs. */
export function untilRunningAt(
  client: Client,
  peerId: string,
  tasks: readonly Acknowledged[],
): Promise<string[]> {
  const ids = new Set(tasks.map(({ task_id }) => task_id))
  return until(`${peerId} to run a task`, async () => {
    const running = new Map<string, boolean>()
    for (const { task_id, state, peer_id } of await allEvents(client))
      if (ids.has(task_id)) running.set(task_id, state === 'running' && peer_id === peerId)
    const found = [...running].flatMap(([id, isThere]) => (isThere ? [id] : []))
    return found.length > 0 ? found : undefined
  })
}

/** Waits until all the tasks have ended; gives those of which the peer had a lease when it was lost at `lostAt`. */
export async function rerunOfAbandoned(
  client: Client,
  tasks: readonly Acknowledged[],
  peerId: string,
  lostAt: number,
): Promise<Rerun[]> {
  const reruns: Rerun[] = []
  for (const { task_id } of tasks) {
    await resultOf(client, task_id)
    const { attempts } = await taskStatus(client, task_id)
    for (const [n, attempt] of attempts.entries()) {
      if (attempt.peer_id !== peerId || attempt.state !== 'lost') continue
      const next = attempts[n + 1]
      if (next === undefined) throw new Error(`${task_id} ended without another attempt`)
      reruns.push({
        task_id,
        afterMs: Date.parse(next.started_at) - lostAt,
        lostFence: attempt.fence,
        fence: next.fence,
      })
    }
  }
  return reruns
}
