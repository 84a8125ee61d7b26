import { describe, expect, it } from 'vitest'
import { fixtureBase64, fixtureText, TestContext, tryTool } from '../try-tool.node.ts'
import documentExtractText from './document_extract_text.ts'

describe('document_extract_text', () => {
  it('reads an HTML page without scripts, styles, navigation, images and link targets', async () => {
    const page = await tryTool(documentExtractText, { text: await fixtureText('orchard.html') })
    expect(page).toMatchObject({
      format: 'html',
      title: 'Pruning an old apple orchard',
      characters: page.text.length,
    })
    expect(page.text).toContain('bears small apples high up')
    expect(page.text).toContain(' 2. Open the middle of the crown')
    expect(page.text).toContain('Tools & prices')
    expect(page.text).toContain('Pruning saw\t38 €')
    expect(page.text).toContain('Écoute aussi: naïve façade, Größe, 日本語, more about pruning')
    expect(page.text).not.toMatch(/script|font:|Home|tree\.png|example\.org/)
  })

  it('reads a PDF that Chromium printed', async () => {
    const context = new TestContext()
    const pdf = await tryTool(documentExtractText, { base64: await fixtureBase64('orchard.pdf') }, context)
    expect(pdf).toMatchObject({ format: 'pdf', pages: 2 })
    expect(pdf.text).toContain('a tree that loses more than a third of its crown answers with water shoots.')
    expect(pdf.text).toContain('naïve façade, Größe')
    expect(pdf.text).toMatch(/\n\nOn the second page: summer pruning/)
    expect(pdf.text).not.toContain('\0')
    expect(context.progressed).toEqual([
      { done: 1, total: 2, message: 'pages' },
      { done: 2, total: 2, message: 'pages' },
    ])
  })

  it('reads a real README, with the HTML inside it', async () => {
    const readme = await tryTool(documentExtractText, {
      base64: await fixtureBase64('picomatch.md'),
      name: 'docs/README.md',
    })
    expect(readme).toMatchObject({ format: 'markdown', title: 'Picomatch' })
    expect(readme.text).toContain('Blazing fast and accurate glob matcher written in JavaScript')
    expect(readme.text).not.toMatch(/<h1|<img|\]\(/)
  })

  it('leaves out front matter', async () => {
    const { text } = await tryTool(documentExtractText, {
      text: '---\ntitle: x\n---\n# Head\n\nBody',
      format: 'markdown',
    })
    expect(text).toBe('Head\n\nBody')
  })

  it.each([
    ['<!DOCTYPE html><p>x', undefined, 'html'],
    ['\uFEFF<html><p>x', undefined, 'html'],
    ['<!-- by hand -->\n<html><p>x', 'a.txt', 'html'],
    ['<p>x', 'a.htm', 'html'],
    ['# x', 'A.MD', 'markdown'],
    ['# x', undefined, 'text'],
    ['x < y', 'notes.txt', 'text'],
  ])('takes %j named %s for %s', async (text, name, format) => {
    const input = { text, ...(name === undefined ? {} : { name }) }
    expect((await tryTool(documentExtractText, input)).format).toBe(format)
  })

  it('keeps plain text as it is, whatever its encoding mark', async () => {
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Grüße', 'utf16le')]).toString(
      'base64',
    )
    expect((await tryTool(documentExtractText, { base64: utf16 })).text).toBe('Grüße')
    expect((await tryTool(documentExtractText, { text: '  a  b\n' })).text).toBe('  a  b\n')
  })

  it('survives nesting that is deeper than any document has', async () => {
    const html = await tryTool(documentExtractText, { text: `${'<div>'.repeat(20_000)}x`, format: 'html' })
    expect(html.text.length).toBeLessThan(10)
    const refused = tryTool(documentExtractText, { text: `${'> '.repeat(20_000)}x`, format: 'markdown' })
    await expect(refused).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it('refuses a damaged PDF', async () => {
    const cut = Buffer.from('%PDF-1.4\nnothing more').toString('base64')
    await expect(tryTool(documentExtractText, { base64: cut })).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field: '/base64' },
    })
  })
})
