/** Two nodes with stores of their own, in processes of their own, that hand workflows to each other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { JsonObject } from '../shared/tools/tool.ts'
import { MeshClient } from './cli/mesh-client.ts'
import { type Started, startedNode } from './cli/node.fixture.ts'

const WAIT = { timeout: 30_000, interval: 50 }

/** Hashes, waits for a signal, and hashes what came of the first hash. */
const WORKFLOW = {
  name: 'moving',
  steps: [
    { id: 'first', tool: 'crypto_hash', params: { text: 'abc' } },
    { id: 'go', wait: { signal: 'go' }, depends_on: ['first'] },
    { id: 'last', tool: 'crypto_hash', params: { text: { $from: 'go', path: '/word' } } },
  ],
}

describe('workflows between two nodes', { timeout: 180_000 }, () => {
  let a: Started
  let b: Started
  const clients: MeshClient[] = []

  beforeAll(async () => {
    ;[a, b] = await Promise.all([startedNode(), startedNode()])
    await join(a, b)
    await join(b, a)
  }, 180_000)

  afterAll(async () => {
    await Promise.all(clients.map(client => client.close()))
    await Promise.all([a.end('SIGKILL'), b.end('SIGKILL')])
  })

  async function clientOf(node: Started): Promise<MeshClient> {
    const client = await MeshClient.connect({ url: new URL(node.facts.mcp).origin })
    clients.push(client)
    return client
  }

  /** `node` works for `other`, and may hand workflows to it. */
  async function join(node: Started, other: Started): Promise<void> {
    const [here, there] = await Promise.all([clientOf(node), clientOf(other)])
    const invite = await ask(there, 'p2p_invite_create', { roles: ['work', 'submit'] })
    await ask(here, 'p2p_peer_connect', { invite: String(invite.url) })
  }

  async function ask(client: MeshClient, tool: string, input: JsonObject): Promise<JsonObject> {
    return (await client.call(tool, input)) as JsonObject
  }

  /** Started again where it was, so that the other finds it. */
  function again({ dataDir, facts }: Started): Promise<Started> {
    return startedNode(['--port', new URL(facts.mcp).port], { dataDir })
  }

  const idOf = (node: Started) => node.facts.peer_id

  async function stateAt(client: MeshClient, workflow_id: string): Promise<unknown> {
    return (await ask(client, 'p2p_workflow_coordinate', { workflow_id })).state
  }

  /** A workflow of `node` that waits for its signal. */
  async function waitingAt(client: MeshClient, more: JsonObject = {}): Promise<string> {
    const { workflow_id } = await ask(client, 'p2p_workflow_submit', { workflow: WORKFLOW, ...more })
    await expect
      .poll(
        async () => (await ask(client, 'p2p_workflow_status', { workflow_id: String(workflow_id) })).state,
        WAIT,
      )
      .toBe('waiting')
    return String(workflow_id)
  }

  async function handOver(client: MeshClient, workflow_id: string, to: Started): Promise<void> {
    await ask(client, 'p2p_workflow_coordinate', { workflow_id, to: idOf(to) })
  }

  it('go there, are asked about from here, and end there', async () => {
    const [here, there] = await Promise.all([clientOf(a), clientOf(b)])
    const id = await waitingAt(here)
    await handOver(here, id, b)
    await expect.poll(() => stateAt(here, id), WAIT).toBe('moved')
    expect(await ask(here, 'p2p_workflow_coordinate', { workflow_id: id })).toMatchObject({
      moved_to: idOf(b),
    })
    expect(await ask(there, 'p2p_workflow_coordinate', { workflow_id: id })).toMatchObject({
      state: 'owned',
      node: idOf(b),
    })
    // All of these are answered by the other node.
    expect(await ask(here, 'p2p_workflow_status', { workflow_id: id })).toMatchObject({
      state: 'waiting',
      steps: [
        { id: 'first', state: 'succeeded' },
        { id: 'go', state: 'waiting' },
        { id: 'last', state: 'pending' },
      ],
    })
    await ask(here, 'p2p_workflow_signal', { workflow_id: id, signal: 'go', payload: { word: 'xyz' } })
    const result = await ask(here, 'p2p_workflow_result', { workflow_id: id, wait_ms: 30_000 })
    expect(result).toMatchObject({ state: 'succeeded' })
    expect(await ask(there, 'p2p_workflow_result', { workflow_id: id })).toEqual(result)
    const hashed = await ask(here, 'crypto_hash', { text: 'xyz' })
    expect(result.result).toMatchObject({ last: hashed })
  })

  it('are taken back by the node that they came from', async () => {
    const here = await clientOf(a)
    const id = await waitingAt(here)
    await handOver(here, id, b)
    await expect.poll(() => stateAt(here, id), WAIT).toBe('moved')
    await handOver(here, id, a)
    await expect.poll(() => stateAt(here, id), WAIT).toBe('owned')
    await ask(here, 'p2p_workflow_signal', { workflow_id: id, signal: 'go', payload: { word: 'back' } })
    expect(await ask(here, 'p2p_workflow_result', { workflow_id: id, wait_ms: 30_000 })).toMatchObject({
      state: 'succeeded',
    })
  })

  it('stay, with the reason among their events, where the other node does not take them', async () => {
    const here = await clientOf(a)
    const id = await waitingAt(here)
    await ask(here, 'p2p_workflow_coordinate', { workflow_id: id, to: 'nobody' })
    await expect
      .poll(async () => JSON.stringify(await here.read(`mesh://workflow-events/${id}/0`, z.unknown())), WAIT)
      .toContain('no session with the node nobody')
    expect(await stateAt(here, id)).toBe('owned')
  })

  it('cannot be reached while their node is away, and go on when it is back', async () => {
    const here = await clientOf(a)
    const id = await waitingAt(here)
    await handOver(here, id, b)
    await expect.poll(() => stateAt(here, id), WAIT).toBe('moved')
    await b.end('SIGKILL')
    const asked = () => ask(here, 'p2p_workflow_status', { workflow_id: id })
    await expect.poll(() => asked().catch(error => error.code), WAIT).toBe('owner_unreachable')
    expect(await ask(here, 'p2p_workflow_coordinate', { workflow_id: id })).toMatchObject({
      state: 'moved',
      moved_to: idOf(b),
    })
    b = await again(b)
    await expect.poll(async () => (await asked().catch(() => undefined))?.state, WAIT).toBe('waiting')
    await ask(here, 'p2p_workflow_signal', { workflow_id: id, signal: 'go', payload: { word: 'again' } })
    expect(await ask(here, 'p2p_workflow_result', { workflow_id: id, wait_ms: 30_000 })).toMatchObject({
      state: 'succeeded',
    })
  })

  it('stay with a node that is ended in order, and go on when it is started again', async () => {
    const id = await waitingAt(await clientOf(b))
    expect(await b.end('SIGTERM')).toBe(0)
    b = await again(b)
    const client = await clientOf(b)
    await expect.poll(() => stateAt(client, id), WAIT).toBe('owned')
    await ask(client, 'p2p_workflow_signal', { workflow_id: id, signal: 'go', payload: { word: 'later' } })
    expect(await ask(client, 'p2p_workflow_result', { workflow_id: id, wait_ms: 30_000 })).toMatchObject({
      state: 'succeeded',
    })
  })

  it('are with one of the nodes, and end, when the one that hands them over is killed meanwhile', async () => {
    const ids: string[] = []
    const here = await clientOf(a)
    for (let n = 0; n < 12; n++) ids.push(await waitingAt(here))
    // The kill meets each of them at another point.
    await Promise.all(ids.map(id => handOver(here, id, b)))
    await a.end('SIGKILL')
    a = await again(a)
    const client = await clientOf(a)
    const there = await clientOf(b)
    for (const id of ids) {
      await expect.poll(() => stateAt(client, id), WAIT).not.toBe('moving')
      const isThere = (await stateAt(client, id)) === 'moved'
      expect(await stateAt(there, id).catch(error => error.code)).toBe(isThere ? 'owned' : 'not_found')
      await expect
        .poll(
          () =>
            ask(client, 'p2p_workflow_signal', { workflow_id: id, signal: 'go', payload: { word: id } }).then(
              () => 'taken',
              error => error.code,
            ),
          WAIT,
        )
        .toBe('taken')
      expect(await ask(client, 'p2p_workflow_result', { workflow_id: id, wait_ms: 30_000 })).toMatchObject({
        state: 'succeeded',
      })
    }
  })
})
