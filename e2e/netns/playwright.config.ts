import { defineConfig } from 'playwright/test'

/** One network at a time, each file one kind of them; choose by name: `npm run test:netns -- nat`. */
export default defineConfig({
  testDir: '.',
  testMatch: '*.netns.ts',
  outputDir: '../../test-results/netns',
  timeout: 300_000,
  workers: 1,
  forbidOnly: true,
  reporter: [['list']],
})
