import { describe, expect, it } from 'vitest'
import { systemClock } from '../clock.ts'
import { RuntimeBusyError } from './errors.ts'
import { PROBE, probeCall } from './fixtures/probe-descriptor.ts'
import probe from './fixtures/tools/probe/probe.ts'
import { InlineRuntime } from './inline-runtime.ts'
import { describeRuntime } from './runtime.compliance.ts'

function makeInline(capacity = 64): InlineRuntime {
  return new InlineRuntime({
    place: { platform: 'node', allow: [] },
    importModule: async () => ({ default: probe }),
    clock: systemClock,
    capacity,
  })
}

describeRuntime('InlineRuntime', makeInline)

describe('InlineRuntime', () => {
  it('does not offer a tool that never runs inline', () => {
    expect(makeInline().offers({ ...PROBE, inline_max_bytes: 0 })).toBe(false)
  })

  it('refuses an input that is too large for the event loop', async () => {
    const run = makeInline().run(probeCall({ do: 'echo', text: 'x'.repeat(1_000) }))
    await expect(run).rejects.toBeInstanceOf(RuntimeBusyError)
  })

  it('refuses more calls at once than it has capacity for', async () => {
    const inline = makeInline(1)
    const abort = new AbortController()
    const first = inline.run(probeCall({ do: 'until_aborted' }, { signal: abort.signal }))
    await expect(inline.run(probeCall({ do: 'echo' }))).rejects.toBeInstanceOf(RuntimeBusyError)
    abort.abort()
    await expect(first).rejects.toMatchObject({ code: 'cancelled' })
  })
})
