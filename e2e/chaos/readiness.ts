/** What a node says of itself: to a load balancer, and to the dashboard. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { z } from 'zod'

export interface Readiness {
  status: number
  body: string
}

export async function readiness(node: { origin: string }): Promise<Readiness> {
  const response = await fetch(`${node.origin}/readyz`)
  return { status: response.status, body: await response.text() }
}

/** `ready`, `draining` or `degraded`, as `mesh://overview` has it. */
export async function overviewState(client: Client): Promise<string> {
  const { contents } = await client.readResource({ uri: 'mesh://overview' })
  const [content] = contents
  const text = content !== undefined && 'text' in content ? content.text : ''
  return z.object({ state: z.string() }).parse(JSON.parse(text)).state
}
