import { defineConfig } from 'playwright/test'
import { CHROMIUM_ARGS, findChromium } from './chromium.ts'

const executablePath = findChromium()

export default defineConfig({
  testDir: '.',
  globalSetup: './fresh-build.ts',
  outputDir: '../test-results',
  timeout: 120_000,
  expect: { timeout: 30_000 },
  workers: 1,
  forbidOnly: true,
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    headless: true,
    launchOptions: { ...(executablePath === undefined ? {} : { executablePath }), args: [...CHROMIUM_ARGS] },
    trace: 'retain-on-failure',
  },
})
