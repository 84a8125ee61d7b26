import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { runsOn } from '../test-runtime.fixture.ts'

/** What a receiver puts an acknowledgement off by at least, ms (Linux, TCP_DELACK_MIN). */
const DELAYED_ACK_MS = 40

const program = fileURLToPath(new URL('./undelayed-websocket.fixture.ts', import.meta.url))

describe('the answer to two messages', { timeout: 60_000 }, () => {
  const measured = promisify(execFile)(...runsOn('deno', program), {
    env: { ...process.env, DENO_NO_UPDATE_CHECK: '1' },
  }).then(({ stdout }) => z.object({ own: z.number(), undelayed: z.number() }).parse(JSON.parse(stdout)))

  it.runIf(process.platform === 'linux')(
    'still waits for an acknowledgement by the WebSocket of Deno, which is why another one is taken there',
    async () => {
      expect((await measured).own).toBeGreaterThan(DELAYED_ACK_MS * 0.9)
    },
  )

  it('does not by the other one', async () => {
    expect((await measured).undelayed).toBeLessThan(DELAYED_ACK_MS * 0.9)
  })
})
