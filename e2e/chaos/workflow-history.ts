/** What a node says of its workflows: outcomes, steps, and every event. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { z } from 'zod'
import { callTool } from '../node-process.ts'

const eventsSchema = z.object({
  events: z.array(
    z.looseObject({
      seq: z.number(),
      at: z.string(),
      kind: z.string(),
      step: z.string().optional(),
      generation: z.number().optional(),
      item: z.number().optional(),
      state: z.string().optional(),
      task_id: z.string().optional(),
    }),
  ),
  next: z.number(),
  last: z.number(),
})

export type WorkflowEvent = z.infer<typeof eventsSchema>['events'][number]

export interface StepFacts {
  id: string
  state: string
  generation: number
  reason?: string
  task_id?: string
  workflow_id?: string
  error?: { code: string; message: string }
}

export interface WorkflowStatus {
  state: string
  seq: number
  generation: number
  steps: StepFacts[]
  owner: { state: string; node?: string; moved_to?: string; why: string }
}

export interface Outcome {
  state: string
  result?: unknown
  error?: { code: string; message: string }
  failed_steps: number
  waiting_for?: { step: string; signal?: string; until?: string }[]
}

export const ENDED: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled'])

/** Every event of a workflow, in order, from the first. */
export async function workflowEvents(client: Client, workflowId: string): Promise<WorkflowEvent[]> {
  const found: WorkflowEvent[] = []
  for (let after = 0; ; ) {
    const { contents } = await client.readResource({ uri: `mesh://workflow-events/${workflowId}/${after}` })
    const [content] = contents
    const text = content !== undefined && 'text' in content ? content.text : ''
    const { events, next, last } = eventsSchema.parse(JSON.parse(text))
    found.push(...events)
    if (next >= last) return found
    after = next
  }
}

export function workflowStatus(client: Client, workflow_id: string): Promise<WorkflowStatus> {
  return callTool<WorkflowStatus>(client, 'p2p_workflow_status', { workflow_id, limit: 1_000 })
}

/** Waits for the end as long as one call may, and as often as it takes within `withinMs`. */
export async function outcomeOf(client: Client, workflow_id: string, withinMs = 300_000): Promise<Outcome> {
  const end = Date.now() + withinMs
  for (;;) {
    const found = await callTool<Outcome>(client, 'p2p_workflow_result', { workflow_id, wait_ms: 50_000 })
    if (ENDED.has(found.state)) return found
    if (Date.now() > end) {
      const { steps } = await workflowStatus(client, workflow_id)
      const open = steps.filter(({ state }) => state !== 'succeeded').slice(0, 5)
      throw new Error(`${workflow_id} has not ended in ${withinMs} ms: ${JSON.stringify({ found, open })}`)
    }
  }
}
