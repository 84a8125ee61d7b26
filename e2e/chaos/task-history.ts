/** What the node says of its tasks, in bulk: all events, all tasks, attempts and results. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { z } from 'zod'
import { callTool, connectClient } from '../node-process.ts'

const eventsSchema = z.object({
  events: z.array(
    z.object({
      seq: z.number(),
      task_id: z.string(),
      state: z.string(),
      at: z.string(),
      peer_id: z.string().optional(),
      fence: z.number(),
    }),
  ),
  next: z.number(),
  last: z.number(),
})

export type TaskEvent = z.infer<typeof eventsSchema>['events'][number]

export interface Attempt {
  number: number
  fence: number
  peer_id: string
  state: string
  started_at: string
  ended_at?: string
}

export interface TaskStatus {
  task_id: string
  state: string
  attempts: Attempt[]
}

export interface Ended {
  state: string
  result?: unknown
  error?: { code: string; message: string }
}

export const TERMINAL: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled', 'expired'])

/** Every change of every task, in order, from the first. */
export async function allEvents(client: Client): Promise<TaskEvent[]> {
  const found: TaskEvent[] = []
  for (let after = 0; ; ) {
    const { contents } = await client.readResource({ uri: `mesh://task-events/${after}` })
    const [content] = contents
    const text = content !== undefined && 'text' in content ? content.text : ''
    const { events, next, last } = eventsSchema.parse(JSON.parse(text))
    found.push(...events)
    if (next >= last) return found
    after = next
  }
}

export async function counts(client: Client): Promise<Record<string, number>> {
  const status = await callTool<{ counts: Record<string, number> }>(client, 'p2p_taskqueue_status')
  return status.counts
}

export function taskStatus(client: Client, task_id: string): Promise<TaskStatus> {
  return callTool<TaskStatus>(client, 'p2p_taskqueue_task_status', { task_id })
}

/** Waits for the end as long as one call may, and as often as it takes within `withinMs`. */
export async function resultOf(client: Client, task_id: string, withinMs = 180_000): Promise<Ended> {
  const end = Date.now() + withinMs
  for (;;) {
    const found = await callTool<Ended>(client, 'p2p_taskqueue_get_result', { task_id, wait_ms: 50_000 })
    if (TERMINAL.has(found.state)) return found
    if (Date.now() > end) throw new Error(`${task_id} is ${found.state}, and has not ended in ${withinMs} ms`)
  }
}

/** Runs `work` on each item, with a few clients at once. */
export async function forEachWithClients<T>(
  node: { origin: string },
  items: readonly T[],
  work: (client: Client, item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values()
  await Promise.all(
    Array.from({ length: Math.min(4, items.length) }, async () => {
      const client = await connectClient(node)
      for (const item of rest) await work(client, item)
      await client.close()
    }),
  )
}
