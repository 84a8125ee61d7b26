import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { documentNames, MAX_DOCUMENT_BYTES, readDocument } from './documents.ts'
import { folderWith } from './folder.fixture.ts'

const never = new AbortController().signal

it('finds READMEs and Markdown at any depth, sorted, and nothing else', async () => {
  const folder = folderWith({
    'b/README.md': '# b',
    'a/docs/guide.markdown': '# a',
    README: 'plain',
    'c/readme.txt': 'text',
    'c/index.js': 'code',
    '.git/README.md': 'hidden',
  })
  symlinkSync(join(folder, 'b'), join(folder, 'link'))
  expect(await documentNames(folder, never)).toEqual([
    'README',
    'a/docs/guide.markdown',
    'b/README.md',
    'c/readme.txt',
  ])
})

it('finds hundreds below node_modules, and reads them', async () => {
  const names = await documentNames('node_modules', never)
  expect(names.length).toBeGreaterThan(200)
  const documents = await Promise.all(names.slice(0, 50).map(name => readDocument('node_modules', name)))
  expect(documents.filter(document => typeof document === 'object').length).toBeGreaterThan(40)
})

it('skips what is no document, and says why', async () => {
  const folder = folderWith({
    'latin1.md': Uint8Array.of(0x23, 0x20, 0xe9, 0x74, 0xe9),
    'huge.md': new Uint8Array(MAX_DOCUMENT_BYTES + 1).fill(0x61),
    'blank.md': ' \n\n',
    'fine.md': '# été',
  })
  const read = (name: string) => readDocument(folder, name)
  expect(await read('latin1.md')).toBe('not UTF-8')
  expect(await read('huge.md')).toBe('larger than 1 MiB')
  expect(await read('blank.md')).toBe('empty')
  expect(await read('gone.md')).toBe('not readable')
  expect(await read('fine.md')).toEqual({ name: 'fine.md', text: '# été' })
})
