import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { folderWith } from './folder.fixture.ts'
import { partsOf, readPart } from './parts.ts'

const never = new AbortController().signal
const limits = { partBytes: 100, partDocuments: 3, documents: 20 }
const sizeOf = (name: string, text: string) => JSON.stringify({ name, text }).length + 1

it('puts documents into parts in the order of their names, by number and by bytes of JSON', async () => {
  const short = '.'
  const fill = '\n'.repeat((limits.partBytes - sizeOf('e.md', `x${short}`)) / 2)
  const folder = folderWith({
    'a.md': short,
    'b.md': short,
    'c.md': short,
    'd.md': short,
    'e.md': `x${fill}`,
    'empty.md': ' ',
    'f.md': 'x'.repeat(500),
    'g.md': short,
  })
  const { parts, documents, skipped } = await partsOf(folder, never, limits)
  expect(parts).toEqual([['a.md', 'b.md', 'c.md'], ['d.md'], ['e.md'], ['f.md'], ['g.md']])
  expect(documents).toBe(7)
  expect([...skipped]).toEqual([['empty', 1]])
  expect(await readPart(folder, ['a.md', 'g.md'], never)).toEqual([
    { name: 'a.md', text: short },
    { name: 'g.md', text: short },
  ])
})

it('refuses a folder without documents, and one with too many', async () => {
  const empty = folderWith({ 'a.md': ' ', 'b.js': 'code' })
  await expect(partsOf(empty, never)).rejects.toMatchObject({ code: 'invalid_input' })
  const folder = folderWith({ 'a.md': 'a', 'b.md': 'b', 'c.md': 'c' })
  await expect(partsOf(folder, never, { ...limits, documents: 2 })).rejects.toMatchObject({
    code: 'invalid_input',
    message: `${folder} holds 3 documents, allowed: a folder with at most 2 documents`,
  })
})

it('says which document went while the folder was read', async () => {
  const folder = folderWith({ 'a.md': 'a', 'b.md': 'b' })
  unlinkSync(join(folder, 'b.md'))
  await expect(readPart(folder, ['a.md', 'b.md'], never)).rejects.toMatchObject({
    code: 'conflict',
    message: 'b.md has changed since the folder was read, and is not readable now',
  })
})
