import { describe, expect, it } from 'vitest'
import { TestContext, tryTool } from '../try-tool.node.ts'
import searchIndexBuild from './search_index_build.ts'

describe('search_index_build', () => {
  it('counts documents and terms, and reports progress', async () => {
    const context = new TestContext()
    const documents = Array.from({ length: 120 }, (_, n) => ({ id: `d${n}`, text: `common word${n}` }))
    const { documents: count, terms, index } = await tryTool(searchIndexBuild, { documents }, context)
    expect([count, terms]).toEqual([120, 121])
    expect(context.progressed.map(({ done }) => done)).toEqual([50, 100, 120])
    expect(JSON.parse(JSON.stringify(index))).toEqual(index)
  })

  it('gives the same index for the same documents', async () => {
    const documents = [{ id: 'a', title: 'One', text: 'some text' }]
    expect(await tryTool(searchIndexBuild, { documents })).toEqual(
      await tryTool(searchIndexBuild, { documents }),
    )
  })

  it('refuses two documents of one id', async () => {
    const refused = tryTool(searchIndexBuild, {
      documents: [
        { id: 'a', text: '1' },
        { id: 'a', text: '2' },
      ],
    })
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field: '/documents/1/id', value: 'a' },
    })
  })
})
