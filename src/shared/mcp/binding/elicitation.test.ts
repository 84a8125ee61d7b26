import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import {
  type ElicitRequest,
  ElicitRequestSchema,
  type ElicitResult,
} from '@modelcontextprotocol/sdk/types.js'
import { afterEach, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import { createSurface } from '../create-surface.ts'
import { principalWith, routerOf, textCatalogue } from '../text-tools.fixture.ts'
import { askingTool, QUESTION } from './asking-tool.fixture.ts'
import { serveSurface } from './serve-surface.ts'

const clients: Client[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close()
})

type Answer = (request: ElicitRequest, signal: AbortSignal) => Promise<ElicitResult> | ElicitResult

/** Asks the caller's user, and tells what came of it; `stop` takes the question back. */
async function asked(answer: Answer | undefined, question: { message: string } = QUESTION) {
  const stop = new AbortController()
  const surface = createSurface({
    name: 'test',
    version: '1',
    catalogue: textCatalogue,
    router: routerOf({}),
    tools: [askingTool(question, stop.signal)],
    clock: new ManualClock(),
  })
  const [mine, theirs] = InMemoryTransport.createLinkedPair()
  const principal = () => principalWith('local', 'admin')
  await serveSurface(surface, { transport: theirs, principal, logger: silentLogger })
  const capabilities = answer === undefined ? {} : { elicitation: {} }
  const client = new Client({ name: 'test-client', version: '1' }, { capabilities })
  if (answer !== undefined)
    client.setRequestHandler(ElicitRequestSchema, (request, { signal }) => answer(request, signal))
  await client.connect(mine)
  clients.push(client)
  const result = client.callTool({ name: 'tools_dispatch', arguments: { tool: 'ask', params: {} } })
  return { stop, result: result.then(({ structuredContent }) => structuredContent) }
}

it('asks the user of a client that can, also through tools_dispatch', async () => {
  const heard: ElicitRequest['params'][] = []
  const { result } = await asked(({ params }) => {
    heard.push(params)
    return { action: 'accept', content: { ok: true } }
  })
  expect(await result).toEqual({ able: true, content: { ok: true } })
  expect(heard).toMatchObject([{ mode: 'form', message: 'Publish it?', requestedSchema: QUESTION.schema }])
})

it('asks for no more than a yes where there is no schema', async () => {
  const { result } = await asked(() => ({ action: 'accept' }), { message: 'Go on?' })
  expect(await result).toEqual({ able: true, content: {} })
})

it.each<[string, Answer]>([
  ['declines', () => ({ action: 'decline' })],
  ['cancels', () => ({ action: 'cancel' })],
  ['fills in what does not fit', () => ({ action: 'accept', content: { ok: 'yes' } })],
  [
    'fails',
    () => {
      throw new Error('no window')
    },
  ],
])('has no answer from a client that %s', async (_what, answer) => {
  expect(await (await asked(answer)).result).toEqual({ able: true })
})

it('does not ask a client that cannot be asked', async () => {
  expect(await (await asked(undefined)).result).toEqual({ able: false })
})

it('takes a question back', async () => {
  const open = Promise.withResolvers<void>()
  const taken = Promise.withResolvers<void>()
  const { stop, result } = await asked((_request, signal) => {
    open.resolve()
    return new Promise(resolve => {
      signal.addEventListener('abort', () => {
        taken.resolve()
        resolve({ action: 'cancel' })
      })
    })
  })
  await open.promise
  stop.abort()
  expect(await result).toEqual({ able: true })
  await taken.promise
})
