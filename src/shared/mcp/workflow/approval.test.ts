import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import {
  type ElicitRequest,
  ElicitRequestSchema,
  type ElicitResult,
} from '@modelcontextprotocol/sdk/types.js'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Principal } from '../../authority/principal.ts'
import { silentLogger } from '../../logger.ts'
import { serveSurface } from '../binding/serve-surface.ts'
import { alice, reader } from '../mesh-tools.fixture.ts'
import { step, WorkflowTools } from './workflows.fixture.ts'

const approve = {
  id: 'approve',
  wait: {
    signal: 'approved',
    message: 'Publish it?',
    schema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
  },
}

let tools: WorkflowTools
let workflow_id: string
const clients: Client[] = []
beforeEach(async () => {
  tools = await WorkflowTools.open()
  workflow_id = await tools.submitted([
    step('draft'),
    { ...approve, depends_on: ['draft'] },
    step('publish', { when: { $from: 'approve', path: '/ok' } }),
  ])
})
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close()
})

/** How long a condition may take to come about on a busy machine. */
const PATIENT = { timeout: 10_000 }

type Answer = (request: ElicitRequest, signal: AbortSignal) => Promise<ElicitResult> | ElicitResult

/** A client whose user answers so, and what it was asked. */
async function clientOf(principal: Principal, answer: Answer): Promise<{ client: Client; asked: string[] }> {
  const asked: string[] = []
  const client = new Client({ name: 'chat', version: '1' }, { capabilities: { elicitation: {} } })
  client.setRequestHandler(ElicitRequestSchema, (request, { signal }) => {
    asked.push(request.params.message)
    return answer(request, signal)
  })
  const [mine, theirs] = InMemoryTransport.createLinkedPair()
  const { surface } = tools.mesh
  await serveSurface(surface, { transport: theirs, principal: () => principal, logger: silentLogger })
  await client.connect(mine)
  clients.push(client)
  return { client, asked }
}

async function result(client: Client, wait_ms: number): Promise<unknown> {
  const call = { name: 'p2p_workflow_result', arguments: { workflow_id, wait_ms } }
  return (await client.callTool(call)).structuredContent
}

/** What a call answers, while time passes. */
async function passing(call: Promise<unknown>): Promise<unknown> {
  let over = false
  const answered = call.finally(() => {
    over = true
  })
  await expect
    .poll(async () => {
      if (!over) await tools.mesh.test.clock.advance(1_000)
      return over
    }, PATIENT)
    .toBe(true)
  return answered
}

it('is asked of the user whose client waits for the result, and the answer is the signal', async () => {
  const { client, asked } = await clientOf(alice, () => ({ action: 'accept', content: { ok: true } }))
  expect(await result(client, 30_000)).toMatchObject({
    state: 'succeeded',
    result: { publish: { got: {} } },
  })
  expect(asked).toEqual(['Publish it?'])
  const { steps } = await tools.call('status', { workflow_id, step: 'approve' })
  expect(steps).toMatchObject([{ output: { ok: true } }])
})

it('leaves the step waiting when the user says no to the question', async () => {
  const { client, asked } = await clientOf(alice, () => ({ action: 'decline' }))
  const waited = result(client, 2_000)
  await expect.poll(() => asked, PATIENT).toEqual(['Publish it?'])
  expect(await passing(waited)).toMatchObject({
    state: 'waiting',
    waiting_for: [{ step: 'approve', signal: 'approved', message: 'Publish it?' }],
  })
  expect(asked).toHaveLength(1)
})

it('is taken back when somebody else has answered', async () => {
  const taken = Promise.withResolvers<void>()
  const { client, asked } = await clientOf(alice, (_request, signal) => {
    return new Promise(resolve => {
      signal.addEventListener('abort', () => {
        taken.resolve()
        resolve({ action: 'cancel' })
      })
    })
  })
  const waited = result(client, 30_000)
  await expect.poll(() => asked, PATIENT).toHaveLength(1)
  await tools.call('signal', { workflow_id, signal: 'approved', payload: { ok: false } })
  await taken.promise
  expect(await waited).toMatchObject({ state: 'succeeded' })
  const { steps } = await tools.call('status', { workflow_id, step: 'publish' })
  expect(steps).toMatchObject([{ state: 'skipped', reason: expect.stringContaining('condition') }])
})

it('is not asked of who may not change the workflow, nor of who does not wait', async () => {
  await tools.reaches(workflow_id, 'waiting')
  const never: Answer = () => ({ action: 'accept', content: { ok: true } })
  const other = await clientOf(reader, never)
  const waited = result(other.client, 2_000)
  const mine = await clientOf(alice, never)
  expect(await result(mine.client, 0)).toMatchObject({ state: 'waiting' })
  expect(await passing(waited)).toMatchObject({ state: 'waiting' })
  expect([...other.asked, ...mine.asked]).toEqual([])
})
