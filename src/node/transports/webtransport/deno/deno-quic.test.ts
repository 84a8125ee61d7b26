import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { quicCompliance } from '../quic.compliance.ts'
import { webTransportCompliance } from '../web-transport.compliance.ts'
import { runOnDeno } from './deno-program.fixture.ts'

const resultSchema = z.object({ name: z.string(), error: z.string().optional() })

/** One run of both suites on Deno, whose results are looked at one by one. */
describe('QUIC and WebTransport by Deno', () => {
  const errors = new Map<string, string | undefined>()

  beforeAll(async () => {
    const lines = await runOnDeno(fileURLToPath(new URL('./deno-suite.fixture.ts', import.meta.url)))
    for (const line of lines) {
      const { name, error } = resultSchema.parse(JSON.parse(line))
      errors.set(name, error)
    }
  }, 60_000)

  for (const name of Object.keys({ ...quicCompliance, ...webTransportCompliance })) {
    it(name, () => {
      expect([...errors.keys()]).toContain(name)
      expect(errors.get(name)).toBeUndefined()
    })
  }
})
