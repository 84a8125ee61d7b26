/** Runs both suites on Deno's QUIC: a line of JSON for each case, `error` where it failed. */
import { quicCompliance } from '../quic.compliance.ts'
import { webTransportCompliance } from '../web-transport.compliance.ts'
import { denoNetOf } from './deno-api.ts'
import { denoQuic } from './deno-quic.ts'

const deno = denoNetOf(globalThis)
for (const [name, check] of Object.entries(quicCompliance))
  await report(name, () => check((limits = {}) => denoQuic({ deno, limits })))
for (const [name, check] of Object.entries(webTransportCompliance))
  await report(name, () => check(denoQuic({ deno })))
process.exit(0)

async function report(name: string, check: () => Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('not within 20 s')), 20_000)
  const error = await Promise.race([check(), late]).then(
    () => undefined,
    (reason: unknown) => String(reason instanceof Error ? reason.stack : reason),
  )
  clearTimeout(timer)
  process.stdout.write(`${JSON.stringify({ name, error })}\n`)
}
