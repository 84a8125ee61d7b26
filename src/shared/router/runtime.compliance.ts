import { afterEach, describe, expect, it } from 'vitest'
import type { LogLine, Progress } from '../tools/tool.ts'
import { PROBE, probeCall } from './fixtures/probe-descriptor.ts'
import type { Runtime } from './runtime.ts'

/** What every runtime does; `make` gives one that can run the probe tool on this platform. */
export function describeRuntime(name: string, make: () => Runtime): void {
  describe(`${name}, as every runtime,`, () => {
    let runtime: Runtime
    const start = () => {
      runtime = make()
      return runtime
    }
    afterEach(() => runtime.close())

    it('offers what it can run, and nothing for another platform or an effect that is not allowed', () => {
      start()
      expect(runtime.offers(PROBE)).toBe(true)
      expect(runtime.offers({ ...PROBE, platforms: [] })).toBe(false)
      expect(runtime.offers({ ...PROBE, effects: { repeat: 'pure', reach: ['process'] } })).toBe(false)
    })

    it('answers with the output', async () => {
      expect(await start().run(probeCall({ do: 'echo', text: 'hello' }))).toEqual({ text: 'hello' })
      expect(runtime.load().running).toBe(0)
    })

    it('answers many calls at once, each with its own output', async () => {
      start()
      const texts = Array.from({ length: 50 }, (_, n) => `text ${n}`)
      const outputs = await Promise.all(texts.map(text => runtime.run(probeCall({ do: 'echo', text }))))
      expect(outputs).toEqual(texts.map(text => ({ text })))
    })

    it("rejects with the tool's own failure", async () => {
      await expect(start().run(probeCall({ do: 'fail' }))).rejects.toMatchObject({ code: 'tool_failed' })
    })

    it('rejects an input that the tool refuses, naming the field', async () => {
      const run = start().run(probeCall({ do: 'echo', text: 7 }))
      await expect(run).rejects.toMatchObject({ code: 'invalid_input', details: { field: '/text' } })
    })

    it('passes progress and log lines on, in order', async () => {
      const said: (Progress | LogLine)[] = []
      await start().run(
        probeCall({ do: 'report' }, { onProgress: p => said.push(p), onLog: line => said.push(line) }),
      )
      expect(said).toEqual([
        { done: 1, total: 2, message: 'half' },
        { level: 'info', message: 'a line', data: { of: 'data' } },
        { done: 2, total: 2 },
      ])
    })

    it('ends a run that the caller cancels', async () => {
      const abort = new AbortController()
      const run = start().run(
        probeCall({ do: 'until_aborted' }, { signal: abort.signal, onProgress: () => abort.abort() }),
      )
      await expect(run).rejects.toMatchObject({ code: 'cancelled' })
      expect(runtime.load().running).toBe(0)
    })

    it('ends a run that takes too long, also when the tool is deaf to its signal', async () => {
      const run = start().run(probeCall({ do: 'deaf' }, { timeoutMs: 20 }))
      await expect(run).rejects.toMatchObject({ code: 'timed_out' })
    })

    it('does not start a call that is cancelled already', async () => {
      const run = start().run(probeCall({ do: 'echo' }, { signal: AbortSignal.abort() }))
      await expect(run).rejects.toMatchObject({ code: 'cancelled' })
    })

    it('takes nothing once it is closed', async () => {
      await start().close()
      await expect(runtime.run(probeCall({ do: 'echo' }))).rejects.toMatchObject({ code: 'unavailable' })
    })
  })
}
