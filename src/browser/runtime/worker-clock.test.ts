import { afterEach, describe, expect, it, vi } from 'vitest'
import { WorkerClock } from './worker-clock.ts'

/** A worker that never answers; `error` is what a browser sends when its script does not load. */
class SilentWorker extends EventTarget {
  static readonly made: SilentWorker[] = []
  constructor() {
    super()
    SilentWorker.made.push(this)
  }
  postMessage() {}
  terminate() {}
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('WorkerClock', () => {
  it('goes by the page’s timers when its worker cannot be loaded', async () => {
    vi.stubGlobal('Worker', SilentWorker)
    const clock = new WorkerClock()
    const fired: string[] = []
    const before = new Promise<void>(resolve => clock.after(20, resolve)).then(() => fired.push('before'))
    const cancel = clock.after(20, () => fired.push('cancelled'))
    cancel()
    SilentWorker.made.at(-1)?.dispatchEvent(new Event('error'))
    const after = new Promise<void>(resolve => clock.after(40, resolve)).then(() => fired.push('after'))
    await Promise.all([before, after])
    expect(fired).toEqual(['before', 'after'])
  })
})
