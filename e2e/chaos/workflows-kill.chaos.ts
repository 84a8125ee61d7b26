/** A node is killed again and again while workflows wait, are signalled, try again, and run others. */
import { expect, test } from 'playwright/test'
import { connectClient, type NodeProcess, startNode } from '../node-process.ts'
import { Measured } from './measured.ts'
import { PatientClient } from './patient-client.ts'
import { seededRandom } from './seeded-random.ts'
import { type WaitingGraph, waitingGraph } from './waiting-graph.ts'
import { outcomeOf, workflowStatus } from './workflow-history.ts'
import { expectWorkflowsRight, type Submitted } from './workflow-verdict.ts'

const WORKFLOWS = 20
const KILLS = 5
/** The node lives so long between two kills, ms. */
const LIFE_MS = [1_000, 4_000] as const
/** Between the two signals of a workflow, ms. */
const PAUSE_MS = [0, 4_000] as const

test(`a node is killed ${KILLS} times while ${WORKFLOWS} workflows wait, are signalled and try again`, async () => {
  const measured = new Measured(
    'workflows-kill: SIGKILL of the node, started again on the same data directory',
  )
  const random = seededRandom()
  measured.row('CHAOS_SEED', random.seed)
  let node: NodeProcess = await startNode()
  const { origin, dataDir } = node
  const port = Number(new URL(origin).port)
  const client = new PatientClient({ origin })
  try {
    const began = performance.now()
    const submitted = Promise.all(
      Array.from({ length: WORKFLOWS }, (_, n) => run(client, waitingGraph(n), random.between(...PAUSE_MS))),
    )
    const open: number[] = []
    for (let kills = 0; kills < KILLS; kills++) {
      await new Promise(resolve => setTimeout(resolve, random.between(...LIFE_MS)))
      await node.stop('SIGKILL')
      node = await startNode({ dataDir, port })
      open.push(await openWorkflows(node))
    }
    const workflows = await submitted
    measured.row('kills; workflows open after each, children too', `${KILLS}; ${open.join(', ')}`)
    measured.row('calls that had no answer', [...client.failures].map(found => found.join(': ')).join('; '))
    expect(open[0], 'work was left at the first kill').toBeGreaterThan(0)
    await expectWorkflowsRight(node, workflows, measured)
    measured.row('first submit to last outcome seen', `${Math.round(performance.now() - began)} ms`)

    await node.stop('SIGKILL')
    node = await startNode({ dataDir, port })
    const reader = await connectClient(node)
    for (const { workflow_id, expected, states } of workflows) {
      expect(await outcomeOf(reader, workflow_id)).toMatchObject({ state: 'succeeded', result: expected })
      const { steps } = await workflowStatus(reader, workflow_id)
      expect(Object.fromEntries(steps.map(({ id, state }) => [id, state]))).toEqual(states)
    }
    await reader.close()
  } finally {
    measured.print()
    await client.close()
    await node.stop('SIGKILL')
  }
})

/** Submits it, and gives it its signals: one at once, the other some time later. */
async function run(client: PatientClient, made: WaitingGraph, pauseMs: number): Promise<Submitted> {
  const { definition: workflow, input, name: idempotency_key, signals } = made
  const { workflow_id } = await client.call<{ workflow_id: string }>('p2p_workflow_submit', {
    workflow,
    input,
    idempotency_key,
  })
  await client.call('p2p_workflow_signal', { workflow_id, signal: 'early', payload: signals.early })
  await new Promise(resolve => setTimeout(resolve, pauseMs))
  await client.call('p2p_workflow_signal', { workflow_id, signal: 'late', payload: signals.late })
  return { ...made, workflow_id }
}

async function openWorkflows(node: NodeProcess): Promise<number> {
  const client = await connectClient(node)
  const { structuredContent } = await client.callTool({ name: 'p2p_workflow_list', arguments: { limit: 1 } })
  await client.close()
  const { counts } = structuredContent as { counts: { running: number; waiting: number } }
  return counts.running + counts.waiting
}
