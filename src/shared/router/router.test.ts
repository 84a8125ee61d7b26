import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock, systemClock } from '../clock.ts'
import { ToolmeshError } from '../errors.ts'
import { silentLogger } from '../logger.ts'
import type { Json, Repeat } from '../tools/tool.ts'
import { RuntimeBusyError, RuntimeLostError } from './errors.ts'
import { PROBE, probeCall } from './fixtures/probe-descriptor.ts'
import { Router } from './router.ts'
import type { Runtime, RuntimeCall, RuntimeKind, RuntimeLoad } from './runtime.ts'

type Answer = 'ok' | 'busy' | 'lost' | 'failed'

/** A runtime that answers as its script says; `runs` counts the calls that have (or may have) run. */
class ScriptedRuntime implements Runtime {
  readonly id: string
  readonly kind: RuntimeKind
  readonly #answers: (Answer | ((call: RuntimeCall) => Promise<Json>))[]
  usage: RuntimeLoad = { running: 0, waiting: 0, capacity: 4 }
  offered = true
  runs = 0
  asked = 0

  constructor(id: string, kind: RuntimeKind, answers: ScriptedRuntime['script']) {
    this.id = id
    this.kind = kind
    this.#answers = answers
  }

  get script(): (Answer | ((call: RuntimeCall) => Promise<Json>))[] {
    return this.#answers
  }

  offers(): boolean {
    return this.offered
  }

  load(): RuntimeLoad {
    return this.usage
  }

  async run(call: RuntimeCall): Promise<Json> {
    this.asked += 1
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0]
    if (answer === 'busy') throw new RuntimeBusyError(this.id, 'as scripted')
    this.runs += 1
    if (answer === 'lost') throw new RuntimeLostError(this.id, 'as scripted')
    if (answer === 'failed') throw new ToolmeshError('tool_failed', 'as scripted')
    return typeof answer === 'function' ? answer(call) : this.id
  }

  async close(): Promise<void> {}
}

function routerOf(...runtimes: Runtime[]): { router: Router; clock: ManualClock } {
  const clock = new ManualClock()
  return { router: new Router({ runtimes, clock, logger: silentLogger }), clock }
}

/** An answer that takes some time on a clock moved by hand. */
function takes(clock: ManualClock, ms: number, id: string): () => Promise<Json> {
  return async () => {
    await clock.advance(ms)
    return id
  }
}

const call = (repeat: Repeat = 'pure') => ({
  ...probeCall({}),
  tool: { ...PROBE, effects: { repeat, reach: [] } },
})

describe('Router', () => {
  it('says what a tool needs when nobody offers it', async () => {
    const { router } = routerOf()
    await expect(router.call(call())).rejects.toMatchObject({
      code: 'no_runtime',
      message: 'no runtime offers probe: it needs node or deno or browser',
    })
  })

  it('takes the nearest of equals, and the next when that one is full', async () => {
    const clock = new ManualClock()
    const worker = new ScriptedRuntime('worker', 'worker', [takes(clock, 20, 'worker')])
    const peer = new ScriptedRuntime('peer', 'peer', ['ok'])
    const router = new Router({ runtimes: [peer, worker], clock, logger: silentLogger })
    expect(await router.call(call())).toBe('worker')
    worker.usage = { running: 4, waiting: 8, capacity: 4 }
    expect(await router.call(call())).toBe('peer')
  })

  it('prefers the runtime that has lately been faster, and forgives it after a while', async () => {
    const clock = new ManualClock()
    const worker = new ScriptedRuntime('worker', 'worker', [
      takes(clock, 500, 'slow'),
      takes(clock, 20, 'quick'),
    ])
    const peer = new ScriptedRuntime('peer', 'peer', [takes(clock, 20, 'peer')])
    const router = new Router({ runtimes: [worker, peer], clock, logger: silentLogger })
    expect(await router.call(call())).toBe('slow')
    worker.usage = { running: 4, waiting: 4, capacity: 4 }
    expect(await router.call(call())).toBe('peer')
    worker.usage = { running: 0, waiting: 0, capacity: 4 }
    expect(await router.call(call())).toBe('peer')
    await clock.advance(600_000)
    expect(await router.call(call())).toBe('quick')
  })

  it('never calls a runtime that gives no capacity', async () => {
    const paused = new ScriptedRuntime('paused', 'peer', ['ok'])
    paused.usage = { running: 0, waiting: 0, capacity: 0 }
    const { router } = routerOf(paused)
    await expect(router.call(call())).rejects.toBeInstanceOf(RuntimeBusyError)
    expect(paused.asked).toBe(0)
  })

  it("gives a tool's own failure as the answer, without another try", async () => {
    const first = new ScriptedRuntime('first', 'worker', ['failed'])
    const second = new ScriptedRuntime('second', 'peer', ['ok'])
    await expect(routerOf(first, second).router.call(call())).rejects.toMatchObject({ code: 'tool_failed' })
    expect(second.asked).toBe(0)
  })

  it('does not go on after the caller has cancelled', async () => {
    const abort = new AbortController()
    const first = new ScriptedRuntime('first', 'worker', [
      async () => {
        abort.abort()
        throw new RuntimeLostError('first', 'gone')
      },
    ])
    const second = new ScriptedRuntime('second', 'peer', ['ok'])
    const { router } = routerOf(first, second)
    await expect(router.call({ ...call(), signal: abort.signal })).rejects.toMatchObject({
      code: 'cancelled',
    })
    expect(second.asked).toBe(0)
  })

  it('leaves a runtime alone that keeps failing, and tries it again after the backoff', async () => {
    const bad = new ScriptedRuntime('bad', 'worker', ['lost', 'lost', 'lost', 'ok'])
    const good = new ScriptedRuntime('good', 'peer', ['ok'])
    const { router, clock } = routerOf(bad, good)
    for (let n = 0; n < 5; n++) expect(await router.call(call())).toBe('good')
    expect(bad.asked).toBe(3)
    await clock.advance(1_000)
    expect(await router.call(call())).toBe('bad')
  })

  it('no longer uses a removed runtime', async () => {
    const { router } = routerOf(new ScriptedRuntime('only', 'worker', ['ok']))
    router.remove('only')
    await expect(router.call(call())).rejects.toMatchObject({ code: 'no_runtime' })
  })

  it('counts calls and their times', async () => {
    const { router } = routerOf(new ScriptedRuntime('only', 'worker', ['ok', 'failed']))
    expect(router.stats()).toEqual({ total: 0, failed: 0, p50_ms: null, p99_ms: null })
    await router.call(call())
    await router.call(call()).catch(() => {})
    expect(router.stats()).toEqual({ total: 2, failed: 1, p50_ms: 0, p99_ms: 0 })
  })

  it('runs a tool twice only when it may be repeated and its first runtime was lost', async () => {
    const answers = fc.array(fc.constantFrom<Answer>('ok', 'busy', 'lost', 'failed'), {
      minLength: 1,
      maxLength: 6,
    })
    const repeats = fc.constantFrom<Repeat>('pure', 'idempotent', 'once')
    await fc.assert(
      fc.asyncProperty(answers, repeats, async (script, repeat) => {
        const runtimes = script.map((answer, n) => new ScriptedRuntime(`r${n}`, 'peer', [answer]))
        const router = new Router({ runtimes, clock: systemClock, logger: silentLogger })
        const outcome = await router.call(call(repeat)).catch((error: unknown) => error)

        const runs = runtimes.reduce((sum, runtime) => sum + runtime.runs, 0)
        const last = runtimes.filter(runtime => runtime.runs > 0).at(-1)
        if (repeat === 'once') expect(runs).toBeLessThanOrEqual(1)
        if (script.every(answer => answer === 'busy')) expect(outcome).toBeInstanceOf(RuntimeBusyError)
        const decisive = script.findIndex(answer =>
          repeat === 'once' ? answer !== 'busy' : answer === 'ok' || answer === 'failed',
        )
        if (decisive >= 0) {
          expect(last?.id).toBe(`r${decisive}`)
          if (script[decisive] === 'ok') expect(outcome).toBe(`r${decisive}`)
        }
      }),
    )
  })
})
