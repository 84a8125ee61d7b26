/** The disk of the data directory is full while workflows run, and then it is not. */
import { expect, test } from 'playwright/test'
import { connectClient, type NodeProcess, startNode, until } from '../node-process.ts'
import { type Graph, graph, wideGraph } from './graph.ts'
import { Measured } from './measured.ts'
import { fillDisk, mountRefused, mountTmpfs, unmount } from './mounted.ts'
import { PatientClient } from './patient-client.ts'
import { readiness } from './readiness.ts'
import { allEvents, counts, TERMINAL } from './task-history.ts'
import { expectWorkflowsRight, type Submitted } from './workflow-verdict.ts'

const DISK_MIB = 256
const WORKFLOWS = 30
/** Every so many of them one with inputs and outputs that are files of their own. */
const WIDE_EVERY = 4
const SHAPE = { steps: 20, fanOut: 50, tabEvery: 0 }
const FULL_AFTER = 300
/** How long the disk stays full, ms. */
const FULL_MS = 5_000

test('the disk is full while workflows run: nothing of them is lost, and they go on by themselves', async () => {
  const refused = await mountRefused()
  test.skip(refused !== undefined, refused)
  const measured = new Measured(`workflows-disk-full: a tmpfs of ${DISK_MIB} MiB, filled for ${FULL_MS} ms`)
  const dataDir = await mountTmpfs(DISK_MIB)
  let node: NodeProcess | undefined
  try {
    node = await startNode({ dataDir })
    const { origin } = node
    const client = await connectClient(node)
    const patient = new PatientClient(node)
    const submitted = submitAll(patient)
    const done = async () => (await counts(client)).succeeded ?? 0
    await until(`${FULL_AFTER} tasks done`, async () => ((await done()) >= FULL_AFTER ? true : undefined))
    const disk = fillDisk(dataDir)
    const full = await until('not ready', async () => {
      const found = await readiness({ origin })
      return found.status === 503 ? found : undefined
    })
    measured.row('/readyz', `${full.status} ${full.body}`)
    measured.row('full with so many tasks done', await done())
    await new Promise(resolve => setTimeout(resolve, FULL_MS))
    const emptiedAt = Date.now()
    disk.empty()
    await until('ready again', async () => ((await readiness({ origin })).status === 200 ? true : undefined))
    measured.row('ready again, after room was made', `${Date.now() - emptiedAt} ms`)
    const workflows = await submitted
    measured.row('submits refused', [...patient.failures].map(found => found.join(': ')).join('; '))
    await expectWorkflowsRight(node, workflows, measured)
    const next = (await allEvents(client)).find(
      ({ at, state }) => TERMINAL.has(state) && Date.parse(at) > emptiedAt,
    )
    measured.row('room to the next end of a step', `${Date.parse(next?.at ?? '') - emptiedAt} ms`)
    expect(node.child.exitCode, 'the same process').toBeNull()
    await patient.close()
    await client.close()
  } finally {
    measured.print()
    await node?.stop('SIGKILL')
    await unmount(dataDir)
  }
})

async function submitAll(client: PatientClient): Promise<Submitted[]> {
  const submitted: Submitted[] = []
  for (let n = 0; n < WORKFLOWS; n++) {
    const made: Graph = n % WIDE_EVERY === 0 ? wideGraph(n) : graph(n, SHAPE)
    const { workflow_id } = await client.call<{ workflow_id: string }>('p2p_workflow_submit', {
      workflow: made.definition,
      input: made.input,
      idempotency_key: made.name,
    })
    submitted.push({ ...made, workflow_id })
  }
  return submitted
}
