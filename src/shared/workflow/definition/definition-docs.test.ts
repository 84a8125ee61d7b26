/** Holds every example of docs/WORKFLOW-DEFINITION.md against the tools that there are. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureManifest } from '../../../node/build/manifest.ts'
import type { ToolDescriptor } from '../../tools/tool.ts'
import { compile, type ToolBook } from './compile.ts'
import { parseDefinition } from './parse.ts'

const root = resolve(import.meta.dirname, '../../../..')
const folder = mkdtempSync(join(tmpdir(), 'toolmesh-definition-docs-'))
const text = readFileSync(join(root, 'docs/WORKFLOW-DEFINITION.md'), 'utf8')
const blocks = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', body = '']) => ({
  language,
  body,
}))

let catalogue: ToolDescriptor[] = []
const tools: ToolBook = {
  tool: name => catalogue.find(tool => tool.name === name),
  names: () => catalogue.map(tool => tool.name),
}

beforeAll(async () => {
  catalogue = await ensureManifest({ root, out: join(folder, 'tools.json'), logger: () => {} })
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const check = (definition: unknown) => compile(parseDefinition(definition), tools)

describe('the reference of definitions', () => {
  const examples = blocks.filter(({ language }) => language === 'json').map(({ body }) => JSON.parse(body))

  it.each(examples.filter(({ name }) => name !== 'wrong').map(example => [example.name, example]))(
    'has an example that compiles: %s',
    (_, example) => {
      expect(check(example).steps).toHaveLength(example.steps.length)
    },
  )

  it('has an example of faults, with the message that comes', () => {
    const wrong = examples.find(({ name }) => name === 'wrong')
    const message = blocks.find(({ language, body }) => language === '' && body.includes('faults:'))
    expect(() => check(wrong)).toThrow(message?.body.trim())
  })

  it('has an example of the builder that compiles', async () => {
    const code = blocks.find(({ language }) => language === 'ts')?.body ?? ''
    const file = join(folder, 'example.ts')
    const builder = pathToFileURL(join(import.meta.dirname, 'builder.ts')).href
    writeFileSync(file, code.replace("'toolmesh/workflow'", JSON.stringify(builder)))
    const { definition } = await import(pathToFileURL(file).href)
    expect(check(definition).steps.map(step => step.id)).toEqual(['split', 'counts'])
  })
})
