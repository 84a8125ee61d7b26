/**
 * Starting leaves a heap of about 15 MB more than a node at rest needs, which V8 gives back only when it is told to
 * favour size. Under that flag calls are a fifth slower, and a start takes twice as long: so it is set only while
 * nothing happens, once, until the collector's own idle run (8 s after the last allocations) has been.
 */
import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'

const LOOK_EVERY_MS = 1_000
/** Looks in a row that must find the process at rest; more than the 8 s of V8's memory reducer. */
const QUIET_LOOKS = 12
/** Share of the time in which the event loop may be busy at rest. */
const REST_UTILIZATION = 0.1

export function shrinkHeapAtRest(): void {
  let quiet = 0
  let before = performance.eventLoopUtilization()
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const atRest = performance.eventLoopUtilization(now, before).utilization < REST_UTILIZATION
    before = now
    quiet = atRest ? quiet + 1 : 0
    const done = quiet > QUIET_LOOKS
    setFlagsFromString(atRest && !done ? '--optimize-for-size' : '--no-optimize-for-size')
    if (done) clearInterval(timer)
  }, LOOK_EVERY_MS)
  timer.unref()
}
