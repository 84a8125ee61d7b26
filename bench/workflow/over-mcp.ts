import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { z } from 'zod'
import { startNode } from '../node-process.ts'
import { type Summary, summarise } from '../statistics.ts'
import { STEPS_OF_SEQUENCE } from './definitions.ts'

const WARM_UP = 100
const SAMPLES = 500
const WAIT_MS = 20_000

const TOOL = 'crypto_hash'
const SEQUENCE = {
  name: 'sequence',
  steps: Array.from({ length: STEPS_OF_SEQUENCE }, (_, step) => ({
    id: `s${step}`,
    tool: TOOL,
    params: { text: step === 0 ? 'abc' : { $from: `s${step - 1}`, path: '/digest' } },
  })),
}

const Submitted = z.object({ tasks: z.tuple([z.object({ task_id: z.string() })]) })
const Receipt = z.object({ workflow_id: z.string() })
const Ended = z.object({ state: z.literal('succeeded') })

/**
 * Milliseconds from submit to result of a task, and of a sequence for each of its steps, by turns, over MCP by HTTP
 * from a node that was started as `npm start` does: with its worker threads, which run a real tool.
 */
export async function overMcp(): Promise<{ task: Summary; step: Summary }> {
  const node = await startNode()
  try {
    const client = new Client({ name: 'bench', version: '1' })
    await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', node.origin)))
    const tasks: number[] = []
    const steps: number[] = []
    for (let turn = 0; turn < WARM_UP + SAMPLES; turn++) {
      const task = await timed(() => runTask(client))
      const sequence = await timed(() => runSequence(client))
      if (turn < WARM_UP) continue
      tasks.push(task)
      steps.push(sequence / STEPS_OF_SEQUENCE)
    }
    await client.close()
    return { task: summarise(tasks), step: summarise(steps) }
  } finally {
    await node.stop()
  }
}

async function runTask(client: Client): Promise<void> {
  const answer = await call(client, 'p2p_taskqueue_submit', { tool: TOOL, params: { text: 'abc' } })
  const [{ task_id }] = Submitted.parse(answer).tasks
  Ended.parse(await call(client, 'p2p_taskqueue_get_result', { task_id, wait_ms: WAIT_MS }))
}

async function runSequence(client: Client): Promise<void> {
  const { workflow_id } = Receipt.parse(await call(client, 'p2p_workflow_submit', { workflow: SEQUENCE }))
  Ended.parse(await call(client, 'p2p_workflow_result', { workflow_id, wait_ms: WAIT_MS }))
}

async function call(client: Client, name: string, args: Record<string, unknown>): Promise<unknown> {
  const { isError, content, structuredContent } = await client.callTool({ name, arguments: args })
  if (isError) throw new Error(JSON.stringify(content))
  return structuredContent
}

async function timed(run: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await run()
  return performance.now() - started
}
