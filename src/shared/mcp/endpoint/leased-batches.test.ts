import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { CallToolRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ToolmeshError } from '../../errors.ts'
import { openSession, tcpHost } from '../../mesh/mesh-pair.fixture.ts'
import type { Session } from '../../mesh/session-contract.ts'
import { LinkLostError } from '../../queue/errors.ts'
import type { Outcome } from '../../queue/task.ts'
import type { OutcomeReport } from '../../queue/work.ts'
import type { LogLine } from '../../tools/tool.ts'
import { announcement, assignmentOf, closers, leaseOf, pair } from './endpoint-pair.fixture.ts'
import { announceResult } from './protocol.ts'
import { sessionPair } from './session-pair.fixture.ts'

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const never = new AbortController().signal
const CANCELLED: Outcome = {
  state: 'cancelled',
  error: { code: 'cancelled', message: 'gone', retryable: true },
}

/** The methods that a side sends from now on. */
function methodsOf(transport: Session['clientTransport']): string[] {
  const methods: string[] = []
  const send = transport.send.bind(transport)
  transport.send = (message: JSONRPCMessage, options) => {
    if ('method' in message) methods.push(message.method)
    return send(message, options)
  }
  return methods
}

/** A tool that runs until it is told how to end, or is cancelled. */
function heldAttempts() {
  const held = new Map<string, (outcome: Outcome) => void>()
  const started = vi.fn()
  return {
    held,
    async untilHeld(count: number) {
      await vi.waitFor(() => expect(started).toHaveBeenCalledTimes(count))
    },
    script: (
      _owner: string,
      assignment: { lease: { task_id: string } },
      _hooks: unknown,
      signal: AbortSignal,
    ) => {
      started()
      return new Promise<Outcome>(resolve => {
        held.set(assignment.lease.task_id, resolve)
        signal.addEventListener('abort', () => resolve(CANCELLED))
      })
    },
  }
}

describe('attempts of one tick', () => {
  it('travel in one message, and so do their outcomes; each has its own verdict', async () => {
    const sessions = sessionPair('tab', 'node')
    const { node, tab, runner } = pair({ sessions })
    await tab.announce(announcement)
    const [fromNode, fromTab] = [
      methodsOf(sessions.accepted.clientTransport),
      methodsOf(sessions.dialled.clientTransport),
    ]
    const runs = Array.from({ length: 50 }, (_, n) => node.link.run(assignmentOf(`t${n}`), {}))
    expect(await Promise.all(runs)).toEqual(
      Array.from({ length: 50 }, (_, n) => ({ state: 'succeeded', result: { text: `t${n}` } })),
    )
    expect(fromNode).toEqual(['toolmesh/run'])
    expect(fromTab).toEqual(['toolmesh/complete'])
    expect(runner.settledTasks).toEqual([])
    for (let n = 0; n < 50; n += 1) node.link.settled({ task_id: `t${n}`, fence: 1 }, 'committed')
    await vi.waitFor(() => expect(runner.settledTasks).toHaveLength(50))
    // The verdicts were the answer.
    expect(fromNode).toEqual(['toolmesh/run'])
  })

  it('are as many messages as their size needs', async () => {
    const sessions = sessionPair('tab', 'node')
    const { node, tab } = pair({ sessions })
    await tab.announce(announcement)
    const methods = methodsOf(sessions.accepted.clientTransport)
    const text = 'x'.repeat(100_000)
    const runs = Array.from({ length: 3 }, (_, n) => {
      return node.link.run({ ...assignmentOf(`t${n}`), input: { text } }, {})
    })
    expect(await Promise.all(runs)).toEqual(Array(3).fill({ state: 'succeeded', result: { text } }))
    expect(methods).toEqual(Array(3).fill('toolmesh/run'))
    methods.length = 0
    await Promise.all(Array.from({ length: 300 }, (_, n) => node.link.run(assignmentOf(`u${n}`), {})))
    expect(methods).toEqual(['toolmesh/run', 'toolmesh/run'])
  })

  it('are cancelled one by one, and their credit is free when the worker confirms', async () => {
    const { node, tab, runner } = pair()
    await tab.announce(announcement)
    const { script, held, untilHeld } = heldAttempts()
    runner.script = script
    const runs = [0, 1, 2].map(n => node.link.run(assignmentOf(`t${n}`), {}))
    await untilHeld(3)
    node.link.cancel({ task_id: 't1', fence: 1 }, 'not wanted')
    expect(await runs[1]).toEqual(CANCELLED)
    for (const task of ['t0', 't2']) held.get(task)?.({ state: 'succeeded', result: {} })
    expect(await runs[0]).toMatchObject({ state: 'succeeded' })
    expect(await runs[2]).toMatchObject({ state: 'succeeded' })
  })

  it('that came by an earlier session are stopped by their leases, in one message', async () => {
    const sessions = sessionPair('tab', 'node')
    const { node, tab, runner } = pair({ sessions })
    const { script, untilHeld } = heldAttempts()
    runner.script = script
    await tab.announce(announcement)
    const runs = ['t1', 't2'].map(task => runner.run('node', assignmentOf(task), {}, never))
    await untilHeld(2)
    const fromNode = methodsOf(sessions.accepted.clientTransport)
    for (const task_id of ['t1', 'gone', 't2']) node.link.cancel({ task_id, fence: 1 }, 'over')
    expect(await Promise.all(runs)).toEqual([CANCELLED, CANCELLED])
    expect(fromNode).toEqual(['toolmesh/cancel'])
  })

  it('are never sent when they are cancelled before that', async () => {
    const { node, tab, runner } = pair()
    await tab.announce(announcement)
    const runs = [node.link.run(assignmentOf('t0'), {}), node.link.run(assignmentOf('t1'), {})]
    node.link.cancel({ task_id: 't0', fence: 1 }, 'not wanted')
    expect(await runs[0]).toMatchObject({ state: 'cancelled' })
    expect(await runs[1]).toMatchObject({ state: 'succeeded' })
    expect(runner.owners).toHaveLength(1)
  })

  it('are cancelled after the worker has them, when the cancel comes while they are on their way', async () => {
    const { node, tab, runner } = pair()
    await tab.announce(announcement)
    runner.script = heldAttempts().script
    const run = node.link.run(assignmentOf('t0'), {})
    queueMicrotask(() => node.link.cancel({ task_id: 't0', fence: 1 }, 'not wanted'))
    expect(await run).toEqual(CANCELLED)
  })

  it('end as cancelled when the worker does not know them', async () => {
    const { node, tab, runner } = pair()
    await tab.announce(announcement)
    const started = Promise.withResolvers<void>()
    runner.script = () => {
      started.resolve()
      return new Promise(() => {})
    }
    runner.cancel = () => false
    const run = node.link.run(assignmentOf('t0'), {})
    await started.promise
    node.link.cancel({ task_id: 't0', fence: 1 }, 'not wanted')
    expect(await run).toMatchObject({ state: 'cancelled' })
  })

  it('go on at the worker when the session drops: no outcome here, and a later one goes to the queue', async () => {
    const { node, tab, owner, runner } = pair()
    await tab.announce(announcement)
    const { script, untilHeld } = heldAttempts()
    const signals: AbortSignal[] = []
    runner.script = (owner, assignment, hooks, signal) => {
      signals.push(signal)
      return script(owner, assignment, hooks, signal)
    }
    const runs = [0, 1, 2].map(n => node.link.run(assignmentOf(`t${n}`), {}))
    await untilHeld(3)
    const ended = Promise.allSettled(runs)
    await tab.close()
    for (const each of await ended) expect(each).toMatchObject({ reason: expect.any(LinkLostError) })
    await expect(node.link.run(assignmentOf('t3'), {})).rejects.toBeInstanceOf(LinkLostError)
    expect(signals.some(signal => signal.aborted)).toBe(false)
    expect(owner.lost).toBe(1)
    expect(owner.reports).toEqual([])
  })

  it('tell progress and, to an owner that wants them, log lines; the last lines are with the outcome', async () => {
    const { node, tab, runner } = pair()
    await tab.announce(announcement)
    const heard = Promise.withResolvers<void>()
    runner.script = async (_owner, { lease }, hooks) => {
      hooks.onLog?.({ level: 'info', message: lease.task_id, data: { n: 1 } })
      if (lease.task_id === 'loud') await heard.promise
      return { state: 'succeeded', result: {}, logs: [{ at: 5, level: 'warning', message: 'last' }] }
    }
    const lines: LogLine[] = []
    const onLog = (line: LogLine) => {
      lines.push(line)
      heard.resolve()
    }
    const [loud, quiet] = await Promise.all([
      node.link.run(assignmentOf('loud'), { onLog }),
      node.link.run(assignmentOf('quiet'), {}),
    ])
    expect(lines).toEqual([{ level: 'info', message: 'loud', data: { n: 1 } }])
    expect([loud.logs, quiet.logs]).toEqual(Array(2).fill([{ at: 5, level: 'warning', message: 'last' }]))
  })
})

describe('outcomes', () => {
  it('of attempts that are not under way on the session go to the queue', async () => {
    const { node, tab, owner } = pair()
    await tab.announce(announcement)
    const report = (task_id: string, instance_id = 'run-1'): OutcomeReport => {
      return { task_id, fence: 1, instance_id, outcome: { state: 'succeeded', result: {} } }
    }
    owner.complete = async (_peerId, reports) => {
      owner.reports.push(...reports)
      return reports.map(({ task_id }) => (task_id === 'late' ? 'stale_fence' : 'duplicate'))
    }
    expect(await tab.complete([report('again'), report('late')])).toEqual(['duplicate', 'stale_fence'])
    expect(owner.reports).toHaveLength(2)
    expect(await node.link.run(assignmentOf('t0'), {})).toMatchObject({ state: 'succeeded' })
  })

  it('that no session carries fail their attempt', async () => {
    const { node, tab, runner } = pair({ sessions: failingOn('z'.repeat(1_000)) })
    await tab.announce(announcement)
    runner.script = async (_owner, { lease }) => ({
      state: 'succeeded',
      result: lease.task_id === 'huge' ? { text: 'z'.repeat(200_000) } : {},
    })
    const [huge, small] = await Promise.all([
      node.link.run(assignmentOf('huge'), {}),
      node.link.run(assignmentOf('small'), {}),
    ])
    expect(huge).toMatchObject({ state: 'failed', error: { code: 'tool_failed', retryable: false } })
    expect(small).toMatchObject({ state: 'succeeded' })
  })
})

/** A session whose dialler cannot send a message with this text in it, as if it were over the limit of a blob. */
function failingOn(text: string): ReturnType<typeof sessionPair> {
  const sessions = sessionPair('tab', 'node')
  const transport = sessions.dialled.clientTransport
  const send = transport.send.bind(transport)
  transport.send = (message, options) => {
    if (JSON.stringify(message).includes(text)) throw new ToolmeshError('frame_too_large', 'too large')
    return send(message, options)
  }
  return sessions
}

describe('a worker that does not speak of batches', () => {
  it('gets each attempt as a plain call with its lease, and hears of what was settled', async () => {
    const sessions = sessionPair('third', 'node')
    const { node } = pair({ sessions, tab: { session: sessionPair('x', 'y').dialled } })
    const server = new Server({ name: 'third', version: '1' }, { capabilities: { tools: {} } })
    const leases: unknown[] = []
    const settled: unknown[] = []
    server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
      leases.push(params._meta?.['toolmesh/lease'])
      return { content: [], structuredContent: { got: params.arguments } }
    })
    server.fallbackRequestHandler = async ({ method, params }) => {
      settled.push(method, params)
      return {}
    }
    await server.connect(sessions.dialled.serverTransport)
    const client = new Client({ name: 'third', version: '1' })
    await client.connect(sessions.dialled.clientTransport)
    await client.request({ method: 'toolmesh/announce', params: { ...announcement } }, announceResult)
    const outcomes = await Promise.all(['t1', 't2'].map(task => node.link.run(assignmentOf(task), {})))
    expect(outcomes).toEqual(['t1', 't2'].map(text => ({ state: 'succeeded', result: { got: { text } } })))
    expect(leases).toEqual([leaseOf('t1'), leaseOf('t2')])
    for (const task_id of ['t1', 't2']) node.link.settled({ task_id, fence: 1 }, 'committed')
    const both = ['t1', 't2'].map(task_id => ({ task_id, fence: 1 }))
    await vi.waitFor(() => expect(settled).toEqual(['toolmesh/settled', { leases: both }]))
  })
})

describe('over a real session', () => {
  it('inputs and results of any size pass beside small ones', async () => {
    const [dialler, listener] = [await tcpHost(), await tcpHost()]
    closers.push(
      () => dialler.close(),
      () => listener.close(),
    )
    const { node, tab } = pair({ sessions: await openSession(dialler, listener) })
    await tab.announce(announcement)
    const sizes = [10, 3_000_000, 20, 300_000, 100_000, 100_000, 30]
    const inputs = sizes.map(size => ({ text: 'ü'.repeat(size) }))
    const runs = inputs.map((input, n) => node.link.run({ ...assignmentOf(`t${n}`), input }, {}))
    expect(await Promise.all(runs)).toEqual(inputs.map(result => ({ state: 'succeeded', result })))
  })
})
