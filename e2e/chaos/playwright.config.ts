import { defineConfig } from 'playwright/test'
import { findChromium } from '../chromium.ts'

if (findChromium() === undefined)
  console.log('no Chromium: scenarios with tabs will fail (see e2e/chromium.ts)')

/** One scenario at a time, each file one of them; choose by name: `npm run test:chaos -- kill`. */
export default defineConfig({
  testDir: '.',
  testMatch: '*.chaos.ts',
  outputDir: '../../test-results/chaos',
  timeout: 600_000,
  expect: { timeout: 60_000 },
  workers: 1,
  forbidOnly: true,
  reporter: [['list']],
})
