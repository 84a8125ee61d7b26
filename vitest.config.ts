import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'web/**/*.test.ts', 'bench/sim/*.test.ts'],
    pool: 'forks',
    // Vitest leaves one processor free, which on a machine with two is half of it; and what waits for time or for a process needs none.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // The threads and processes that tests start then load their code in half the time.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url)) },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
