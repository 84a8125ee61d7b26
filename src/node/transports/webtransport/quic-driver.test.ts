import { afterEach, expect, it, vi } from 'vitest'
import { systemClock } from '../../../shared/clock.ts'
import type { Logger } from '../../../shared/logger.ts'
import { loadQuicDriver } from './quic-driver.ts'

const binding = vi.hoisted(() => ({ load: undefined as (() => Promise<never>) | undefined }))
vi.mock('./quiche/binding.ts', async importOriginal => {
  const original = await importOriginal<typeof import('./quiche/binding.ts')>()
  return { loadQuiche: () => (binding.load ?? original.loadQuiche)() }
})

afterEach(() => {
  binding.load = undefined
})

const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes)

it('is quiche on Node, and nothing is logged', async () => {
  const logger = vi.fn<Logger>()
  expect((await loadQuicDriver({ clock: systemClock, random, logger }))?.name).toBe('quiche')
  expect(logger).not.toHaveBeenCalled()
})

it('is none where there is no build for the machine, with one line in the log', async () => {
  binding.load = () => Promise.reject(new Error('Unsupported architecture on Linux: arm64\nand more'))
  const logger = vi.fn<Logger>()
  expect(await loadQuicDriver({ clock: systemClock, random, logger })).toBeUndefined()
  expect(logger.mock.calls).toEqual([
    [
      'info',
      expect.stringContaining('WebTransport is off'),
      { why: 'Unsupported architecture on Linux: arm64' },
    ],
  ])
})
