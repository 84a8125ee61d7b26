import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { z } from 'zod'

/** Tasks for each worker: enough that the start and the end of a run weigh little. */
const TASKS_EACH = 20
const TASK_MS = 1000
/** Tasks of one submit, the most that a node takes. */
const BATCH = 1000

const submitted = z.object({ tasks: z.array(z.object({ task_id: z.string() })) })
const status = z.object({ counts: z.record(z.string(), z.number()) })

/**
 * Runs tasks that only wait one second on workers that run one at a time each: the share of the ideal, 0 to 1. The
 * ideal is that all of them always run one.
 */
export async function shareOfIdeal(client: Client, workers: number, requires: string[]): Promise<number> {
  const tasks = Array.from({ length: workers * TASKS_EACH }, () => ({
    tool: 'time_wait',
    params: { ms: TASK_MS },
    requires,
  }))
  const before = await countOf(client, 'succeeded')
  const started = performance.now()
  for (let first = 0; first < tasks.length; first += BATCH) {
    submitted.parse(await ask(client, 'p2p_taskqueue_submit', { tasks: tasks.slice(first, first + BATCH) }))
  }
  // The question costs the node a little; more often than this it would be a part of what is measured.
  while ((await countOf(client, 'succeeded')) - before < tasks.length) await pause(100)
  const tookMs = performance.now() - started
  return (TASKS_EACH * TASK_MS) / tookMs
}

async function countOf(client: Client, state: string): Promise<number> {
  const { counts } = status.parse(await ask(client, 'p2p_taskqueue_status', {}))
  return counts[state] ?? 0
}

export async function ask(client: Client, name: string, args: Record<string, unknown>): Promise<unknown> {
  const { structuredContent, isError } = await client.callTool({ name, arguments: args })
  if (isError === true) throw new Error(`${name}: ${JSON.stringify(structuredContent)}`)
  return structuredContent
}

export function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
