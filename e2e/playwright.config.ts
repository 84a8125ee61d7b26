import { defineConfig } from 'playwright/test'
import { CHROMIUM_ARGS, findChromium } from './chromium.ts'

const executablePath = findChromium()

export default defineConfig({
  testDir: '.',
  globalSetup: './fresh-build.ts',
  outputDir: '../test-results',
  timeout: 120_000,
  expect: { timeout: 30_000 },
  // Each spec has nodes, folders and ports of its own; what changes a build does so in a checkout of its own.
  workers: 3,
  forbidOnly: true,
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    headless: true,
    launchOptions: { ...(executablePath === undefined ? {} : { executablePath }), args: [...CHROMIUM_ARGS] },
    trace: 'retain-on-failure',
  },
})
