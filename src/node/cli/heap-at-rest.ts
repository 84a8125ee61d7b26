/**
 * Starting leaves a heap of about 15 MB more than a node at rest needs, which V8 gives back only when it is told to
 * favour size. Under that flag calls are a fifth slower, and a start takes twice as long: so it is set only while
 * nothing happens, once, until the collector's own idle run (8 s after the last allocations) has been.
 */
import { setFlagsFromString } from 'node:v8'

const LOOK_EVERY_MS = 1_000
/** Looks in a row that must find the process at rest; more than the 8 s of V8's memory reducer. */
const QUIET_LOOKS = 12
/** What the process, threads included, may take of one processor at rest. Deno measures no event loop. */
const REST_SHARE = 0.1

export function shrinkHeapAtRest(): void {
  let quiet = 0
  let before = process.cpuUsage()
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(before)
    const atRest = (user + system) / 1_000 < REST_SHARE * LOOK_EVERY_MS
    before = process.cpuUsage()
    quiet = atRest ? quiet + 1 : 0
    const done = quiet > QUIET_LOOKS
    setFlagsFromString(atRest && !done ? '--optimize-for-size' : '--no-optimize-for-size')
    if (done) clearInterval(timer)
  }, LOOK_EVERY_MS)
  timer.unref()
}
