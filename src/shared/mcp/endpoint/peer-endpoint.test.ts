import { afterEach, describe, expect, it, vi } from 'vitest'
import { Authority } from '../../authority/authority.ts'
import { MemoryAuthorityStore } from '../../authority/memory-authority-store.ts'
import { systemClock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import { openSession, tcpHost } from '../../mesh/mesh-pair.fixture.ts'
import { LinkLostError } from '../../queue/errors.ts'
import type { Outcome } from '../../queue/task.ts'
import type { Announcement, OutcomeReport } from '../../queue/work.ts'
import type { LogLine, Progress } from '../../tools/tool.ts'
import { principalWith } from '../text-tools.fixture.ts'
import {
  announcement,
  assignmentOf,
  callOf,
  closers,
  leaseOf,
  pair,
  surfaceOf,
} from './endpoint-pair.fixture.ts'

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function unauthenticated(asked: Promise<unknown>): Promise<void> {
  await expect(asked).rejects.toMatchObject({ code: 'unauthenticated' })
}

describe('a peer without a grant', () => {
  it('can initialize, ping and redeem, and nothing else', async () => {
    const { tab, node } = pair({ tabPrincipal: undefined })
    await Promise.all([tab.ready, node.ready])
    await expect(tab.client.ping()).resolves.toEqual({})
    await unauthenticated(tab.announce(announcement))
    await unauthenticated(tab.complete([]))
    await unauthenticated(tab.claim(1))
    await unauthenticated(tab.call(callOf()))
    for (const asked of [
      tab.client.listTools(),
      tab.client.listResources(),
      tab.client.setLoggingLevel('info'),
    ]) {
      await expect(asked).rejects.toMatchObject({ code: -32001, data: { code: 'unauthenticated' } })
    }
  })

  it('becomes what its invite says by redeeming it', async () => {
    const authority = new Authority({
      store: new MemoryAuthorityStore(),
      clock: systemClock,
      random: bytes => crypto.getRandomValues(bytes),
      ownPeerId: 'node',
    })
    const invite = await authority.createInvite({ roles: ['work'], ttl_ms: 60_000, uses: 1 })
    const { tab, owner } = pair({
      node: { authority },
    })
    await expect(tab.redeem('nonsense')).rejects.toMatchObject({ code: 'forbidden' })
    expect(await tab.redeem(invite.secret)).toMatchObject({ roles: ['work'] })
    await tab.announce(announcement)
    expect(owner.announcements).toEqual([announcement])
  })
})

describe('a worker and its owner', () => {
  it('announce in full, then only what changed', async () => {
    const heard: Announcement[] = []
    const { tab, owner } = pair({ node: { onAnnounce: each => heard.push(each) } })
    expect(await tab.announce(announcement)).toEqual({ accepted: 2, lease_ms: 30_000 })
    await tab.announce({ ...announcement, credits: 5 })
    expect(owner.announcements).toEqual([announcement, { ...announcement, credits: 5 }])
    expect(heard).toHaveLength(2)
    expect(new Set(owner.links).size).toBe(1)
    expect(owner.links[0]?.peer_id).toBe('tab')
  })

  it('are held to their role and to the shape of the protocol', async () => {
    const { tab } = pair({ tabPrincipal: principalWith('peer:tab', 'submit') })
    await expect(tab.announce(announcement)).rejects.toMatchObject({ code: 'forbidden' })
    const granted = pair()
    await expect(granted.tab.announce({ ...announcement, credits: -1 })).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field: '/credits' },
    })
  })

  it('run leased calls and hear their outcomes, progress included', async () => {
    const { node, tab, runner } = pair()
    await tab.announce(announcement)
    const progress: Progress[] = []
    const heard = Promise.withResolvers<void>()
    runner.script = async (_owner, { input, lease }, hooks) => {
      hooks.onProgress?.({ done: 1, total: 2, message: 'half' })
      hooks.onProgress?.({ done: 2, total: 2 })
      await heard.promise
      return { state: 'succeeded', result: { input, lease: { ...lease } } }
    }
    const onProgress = (each: Progress) => {
      progress.push(each)
      heard.resolve()
    }
    const outcome = await node.link.run(assignmentOf('t1'), { onProgress })
    expect(outcome).toEqual({ state: 'succeeded', result: { input: { text: 't1' }, lease: leaseOf('t1') } })
    // What is newer by the time that it can be told stands for what it replaced.
    expect(progress).toEqual([{ done: 2, total: 2 }])
    expect(runner.owners).toEqual(['node'])
    expect(runner.settledTasks).toEqual([])
    node.link.settled({ task_id: 't1', fence: 1 }, 'committed')
    await vi.waitFor(() => expect(runner.settledTasks).toEqual(['t1']))
  })

  it.each<Outcome>([
    { state: 'failed', error: { code: 'tool_failed', message: 'broke', retryable: true } },
    {
      state: 'failed',
      error: { code: 'invalid_input', message: 'bad', retryable: false, field: '/text', value: 5 },
    },
    { state: 'cancelled', error: { code: 'cancelled', message: 'gone', retryable: true } },
  ])('carry an outcome unchanged: %j', async outcome => {
    const { node, tab, runner } = pair()
    await tab.announce(announcement)
    runner.script = async () => outcome
    expect(await node.link.run(assignmentOf('t1'), {})).toEqual(outcome)
  })

  it('cancel a leased call, whose outcome then goes another way', async () => {
    const { node, tab, runner } = pair()
    await tab.announce(announcement)
    const started = Promise.withResolvers<void>()
    const cancelled = Promise.withResolvers<void>()
    runner.script = (_owner, _assignment, _hooks, signal) => {
      started.resolve()
      return new Promise(resolve => {
        signal.addEventListener('abort', () => {
          cancelled.resolve()
          resolve({ state: 'cancelled', error: { code: 'cancelled', message: 'gone', retryable: true } })
        })
      })
    }
    const run = node.link.run(assignmentOf('t1'), {})
    await started.promise
    node.link.cancel({ task_id: 't1', fence: 1 }, 'not wanted')
    expect(await run).toMatchObject({ state: 'cancelled', error: { code: 'cancelled' } })
    await cancelled.promise
    await node.link.renew(new AbortController().signal)
  })

  it('lose the link when the session ends: no outcome, and the owner is told once', async () => {
    const { node, tab, owner, runner } = pair()
    await tab.announce(announcement)
    const started = Promise.withResolvers<void>()
    runner.script = () => {
      started.resolve()
      return new Promise(() => {})
    }
    const run = node.link.run(assignmentOf('t1'), {})
    await started.promise
    await tab.close()
    await expect(run).rejects.toBeInstanceOf(LinkLostError)
    await expect(node.link.renew(new AbortController().signal)).rejects.toBeInstanceOf(LinkLostError)
    await node.closed
    expect(owner.lost).toBe(1)
  })

  it('renew, claim and complete', async () => {
    const { node, tab, owner } = pair()
    await tab.announce(announcement)
    expect(await node.link.renew(new AbortController().signal)).toEqual([
      { task_id: 'live', fence: 3, progress: { done: 1 } },
    ])
    expect(await tab.claim(2)).toEqual([assignmentOf('claimed')])
    const reports: OutcomeReport[] = [
      {
        task_id: 'a',
        fence: 1,
        instance_id: 'run-1',
        outcome: { state: 'succeeded', result: { text: 'x' } },
      },
      {
        task_id: 'b',
        fence: 2,
        instance_id: 'run-0',
        outcome: { state: 'failed', error: { code: 'tool_failed', message: 'no', retryable: true } },
      },
    ]
    expect(await tab.complete(reports)).toEqual(['committed', 'committed'])
    expect(owner.reports).toEqual(reports)
  })
})

describe('a worker', () => {
  it('takes leases and renewals only from the owner that it announced itself to', async () => {
    const { node, runner } = pair({ nodePrincipal: principalWith('peer:node', 'admin') })
    const signal = new AbortController().signal
    await expect(node.link.run(assignmentOf('t1'), {})).rejects.toMatchObject({ code: 'forbidden' })
    await expect(node.link.renew(signal)).rejects.toMatchObject({ code: 'forbidden' })
    expect(runner.owners).toEqual([])
  })

  it('answers an owner without a grant only what it announced', async () => {
    const { node, tab } = pair()
    await unauthenticated(node.call(callOf()))
    await tab.announce(announcement)
    expect(await node.call(callOf())).toEqual({ text: 'hi' })
    await expect(node.client.callTool({ name: 'tools_dispatch', arguments: {} })).rejects.toMatchObject({
      code: -32001,
    })
    await expect(node.client.listTools()).rejects.toMatchObject({ code: -32001 })
  })
})

describe('a call for the router', () => {
  const nodePrincipal = principalWith('peer:node', 'submit')

  it('answers an owner that works here in its turn, and no more than that', async () => {
    const { node, tab, runner } = pair({ nodePrincipal: principalWith('peer:node', 'work') })
    await tab.announce(announcement)
    const leased = assignmentOf('mutual')
    await node.link.run(leased, {})
    expect(runner.owners).toEqual(['node'])
    await expect(node.client.listTools()).rejects.toMatchObject({ data: { code: 'forbidden' } })
  })

  it('carries progress and logs of the right call', async () => {
    const { node } = pair({
      nodePrincipal,
      tab: {
        surface: surfaceOf(async ({ input, onProgress, onLog }) => {
          onProgress?.({ done: 1 })
          onLog?.({ level: 'warning', message: 'for', data: input })
          return input
        }),
      },
    })
    const run = async (text: string) => {
      const logs: LogLine[] = []
      const progress: Progress[] = []
      const output = await node.call(
        callOf({ input: { text }, onLog: line => logs.push(line), onProgress: each => progress.push(each) }),
      )
      return { output, logs, progress }
    }
    for (const [index, heard] of (await Promise.all([run('a'), run('b')])).entries()) {
      const input = { text: index === 0 ? 'a' : 'b' }
      expect(heard).toEqual({
        output: input,
        logs: [{ level: 'warning', message: 'for', data: input }],
        progress: [{ done: 1 }],
      })
    }
  })

  it('leaves nothing on a signal that outlives it', async () => {
    const { node } = pair({ nodePrincipal })
    const { signal } = new AbortController()
    const [added, removed] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')]
    for (let n = 0; n < 10; n += 1) await node.call(callOf({ signal }))
    expect(removed).toHaveBeenCalledTimes(added.mock.calls.length)
  })

  it('rejects with the failure of the tool, a timeout, a cancel, or the loss of the peer', async () => {
    const signals: AbortSignal[] = []
    const { node, tab } = pair({
      nodePrincipal,
      tab: {
        surface: surfaceOf(({ input, signal }) => {
          if (JSON.stringify(input).includes('fail')) throw new ToolmeshError('tool_failed', 'broke')
          signals.push(signal)
          return new Promise(() => {})
        }),
      },
    })
    await expect(node.call(callOf({ input: { text: 'fail' } }))).rejects.toMatchObject({
      code: 'tool_failed',
    })
    await expect(node.call(callOf({ timeoutMs: 20 }))).rejects.toMatchObject({ name: 'RunTimedOutError' })
    const abort = new AbortController()
    const cancelled = node.call(callOf({ signal: abort.signal }))
    await vi.waitFor(() => expect(signals).toHaveLength(2))
    abort.abort()
    await expect(cancelled).rejects.toMatchObject({ name: 'RunCancelledError' })
    await vi.waitFor(() => expect(signals.every(signal => signal.aborted)).toBe(true))
    const lost = node.call(callOf())
    await vi.waitFor(() => expect(signals).toHaveLength(3))
    await tab.close()
    await expect(lost).rejects.toMatchObject({ name: 'RuntimeLostError' })
    await expect(node.call(callOf())).rejects.toMatchObject({ name: 'RuntimeBusyError' })
  })
})

describe('over a real session', () => {
  it('both sides call at once, leases and plain calls together', async () => {
    const [dialler, listener] = [await tcpHost(), await tcpHost()]
    closers.push(
      () => dialler.close(),
      () => listener.close(),
    )
    const sessions = await openSession(dialler, listener)
    const nodePrincipal = principalWith('peer:node', 'submit')
    const both = pair({ sessions, nodePrincipal, tabPrincipal: principalWith('peer:tab', 'work', 'submit') })
    await both.tab.announce(announcement)
    const large = 'x'.repeat(1_000_000)
    const results = await Promise.all([
      ...Array.from({ length: 20 }, (_, n) => both.node.link.run(assignmentOf(`t${n}`), {})),
      ...Array.from({ length: 20 }, (_, n) => both.tab.call(callOf({ input: { text: `call ${n}` } }))),
      both.node.call(callOf({ input: { text: large } })),
    ])
    expect(results.slice(0, 20)).toEqual(
      Array.from({ length: 20 }, (_, n) => ({ state: 'succeeded', result: { text: `t${n}` } })),
    )
    expect(results.slice(20, 40)).toEqual(Array.from({ length: 20 }, (_, n) => ({ text: `call ${n}` })))
    expect(results.at(-1)).toEqual({ text: large })
    await both.tab.close()
    await both.node.closed
    expect(both.owner.lost).toBe(1)
  })
})
