import { beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { markdownText } from '../document/markdown-text.ts'
import { fixtureText, tryTool } from '../try-tool.node.ts'
import type { serialisedIndex } from './full-text-index.ts'
import searchIndexBuild from './search_index_build.ts'
import searchQuery from './search_query.ts'

describe('search_query', () => {
  let index: z.infer<typeof serialisedIndex>

  beforeAll(async () => {
    const names = ['fast-glob.md', 'picomatch.md', 'html-to-text.md']
    const documents = await Promise.all(
      names.map(async name => {
        const { text, title } = markdownText(await fixtureText(name))
        return { id: name, text, ...(title === undefined ? {} : { title }) }
      }),
    )
    index = (await tryTool(searchIndexBuild, { documents })).index
  })

  const idsOf = async (query: string, options: object = {}) =>
    (await tryTool(searchQuery, { index, query, ...options })).results.map(({ id }) => id)

  it.each([
    ['convert html table to plain text', 'html-to-text.md'],
    ['traverse the file system with a stream', 'fast-glob.md'],
    ['regular expression from a glob, extglobs and POSIX brackets', 'picomatch.md'],
  ])('finds the README for "%s"', async (query, id) => {
    expect((await idsOf(query))[0]).toBe(id)
  })

  it('forgives misspelling and takes beginnings of words, unless told not to', async () => {
    expect(await idsOf('picomtch')).toContain('picomatch.md')
    expect(await idsOf('picomtch', { fuzzy: 0 })).toEqual([])
    expect(await idsOf('selec')).toContain('html-to-text.md')
    expect(await idsOf('selec', { prefix: false, fuzzy: 0 })).toEqual([])
  })

  it('can ask for all words', async () => {
    expect(await idsOf('selectors concurrency', { fuzzy: 0 })).toHaveLength(2)
    expect(await idsOf('selectors concurrency', { fuzzy: 0, match: 'all' })).toEqual([])
  })

  it('gives title, matched terms and the total beside the limit', async () => {
    const found = await tryTool(searchQuery, { index, query: 'options', limit: 1 })
    expect(found.total).toBe(3)
    expect(found.results).toHaveLength(1)
    expect(found.results[0]).toMatchObject({
      title: expect.any(String),
      terms: expect.arrayContaining(['options']),
    })
  })

  it('refuses a damaged index', async () => {
    const refused = tryTool(searchQuery, {
      index: { engine: 'minisearch', version: 1, data: { serializationVersion: 99 } },
      query: 'a',
    })
    await expect(refused).rejects.toMatchObject({ code: 'invalid_input', details: { field: '/index/data' } })
  })
})
