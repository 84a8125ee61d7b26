import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { CONFIGURATION_FILE, configurationDocument } from './documentation.ts'

it('docs/CONFIGURATION.md says what the schema says', async () => {
  expect(await readFile(CONFIGURATION_FILE, 'utf8')).toBe(configurationDocument())
})
