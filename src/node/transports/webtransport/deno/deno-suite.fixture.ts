/** Runs the suite of QUIC drivers on Deno's: a line of JSON for each case, `error` where it failed. */
import { quicCompliance } from '../quic.compliance.ts'
import { denoNetOf } from './deno-api.ts'
import { denoQuic } from './deno-quic.ts'

const deno = denoNetOf(globalThis)
if (deno === undefined) throw new Error('this is no Deno with --unstable-net')
for (const [name, check] of Object.entries(quicCompliance)) {
  const error = await check((limits = {}) => denoQuic({ deno, limits })).then(
    () => undefined,
    (reason: unknown) => String(reason instanceof Error ? reason.stack : reason),
  )
  process.stdout.write(`${JSON.stringify({ name, error })}\n`)
}
process.exit(0)
