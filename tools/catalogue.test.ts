import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Validator } from '@cfworker/json-schema'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureManifest } from '../src/node/build/manifest.ts'
import { silentLogger } from '../src/shared/logger.ts'
import { Catalogue } from '../src/shared/tools/catalogue.ts'
import { ToolSearch } from '../src/shared/tools/search.ts'
import type { Json, ToolDescriptor } from '../src/shared/tools/tool.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

const NAMES = [
  'archive_zip_extract',
  'archive_zip_list',
  'crypto_hash',
  'data_csv_profile',
  'data_json_query',
  'document_collection_profile',
  'document_extract_text',
  'document_profile',
  'ipfs_cid',
  'search_index_build',
  'search_query',
  'text_chunk',
  'text_keywords',
  'text_minhash',
  'text_token_count',
  'time_wait',
]

/** Every schema below `schema` that describes a field, with its path. */
function* fieldsOf(
  schema: Json | undefined,
  path = '',
): Generator<[path: string, field: { [key: string]: Json }]> {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    yield [`${path}/${name}`, field as { [key: string]: Json }]
    yield* fieldsOf(field as Json, `${path}/${name}`)
  }
  yield* fieldsOf(schema.items, `${path}[]`)
}

describe('the catalogue', () => {
  let folder: string
  let tools: ToolDescriptor[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catalogue-'))
    tools = await ensureManifest({ root, out: join(folder, 'tools.json'), logger: silentLogger })
  })

  afterAll(() => rm(folder, { recursive: true }))

  it('holds these tools in eight categories', () => {
    expect(tools.map(({ name }) => name)).toEqual(NAMES)
    const categories = new Catalogue(tools).categories().map(({ category }) => category)
    expect(categories).toEqual(['archive', 'crypto', 'data', 'document', 'ipfs', 'search', 'text', 'time'])
  })

  it.each(NAMES)('%s is described for an agent that chooses by it, field by field', name => {
    const tool = tools.find(tool => tool.name === name)!
    expect(tool.title.length).toBeGreaterThan(4)
    expect(tool.description.length).toBeGreaterThanOrEqual(40)
    expect(tool.module).toBe(`${tool.category}/${name}.ts`)
    for (const schema of [tool.input_schema, tool.output_schema]) {
      for (const [path, field] of fieldsOf(schema)) {
        expect(field.description, `${name} ${path}`).toEqual(expect.stringMatching(/.{4,}/))
      }
    }
  })

  it.each(NAMES)('%s has strict schemas of JSON Schema 2020-12', name => {
    const tool = tools.find(tool => tool.name === name)!
    const { input_schema, output_schema } = tool
    expect(input_schema).toMatchObject({ type: 'object', additionalProperties: false })
    expect(output_schema).toMatchObject({ type: 'object' })
    const meta = metaSchema()
    for (const schema of [input_schema, output_schema]) {
      expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
      expect(meta.validate(schema)).toMatchObject({ valid: true })
    }
  })

  it.each(NAMES)('%s is pure, reaches nothing and runs everywhere', name => {
    const tool = tools.find(tool => tool.name === name)!
    expect(tool.effects).toEqual({ repeat: 'pure', reach: [] })
    expect(tool.platforms).toEqual(['node', 'deno', 'browser'])
    expect(tool.code_cid).toMatch(/^bafkrei/)
    expect(tool.interface_cid).toMatch(/^bafkrei/)
  })

  it.each(NAMES)('%s: its module loads and is what the manifest says', async name => {
    const tool = tools.find(tool => tool.name === name)!
    const { default: loaded } = await import(`./${tool.module}`)
    expect(loaded).toMatchObject({ name, category: tool.category, inlineMaxBytes: tool.inline_max_bytes })
  })

  it('is read without importing the code of any tool', async () => {
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: [
        'src/shared/tools/catalogue.ts',
        'src/shared/tools/manifest.ts',
        'src/shared/tools/search.ts',
      ],
      outdir: 'unused',
      bundle: true,
      format: 'esm',
      metafile: true,
      write: false,
    })
    const imported = Object.keys(metafile.inputs)
    expect(imported.filter(path => path.startsWith('tools/'))).toEqual([])
    expect(imported).toContain('src/shared/tools/catalogue.ts')
  })

  it.each([
    ['hash a file', 'crypto_hash'],
    ['sha256 checksum', 'crypto_hash'],
    ['near duplicate', 'document_collection_profile'],
    ['find similar documents', 'text_minhash'],
    ['count tokens', 'text_token_count'],
    ['how many tokens are in a prompt', 'text_token_count'],
    ['unzip', 'archive_zip_extract'],
    ['list files in a zip', 'archive_zip_list'],
    ['split text into chunks', 'text_chunk'],
    ['extract text from a PDF', 'document_extract_text'],
    ['html to text', 'document_extract_text'],
    ['keywords of a text', 'text_keywords'],
    ['csv column types', 'data_csv_profile'],
    ['query json', 'data_json_query'],
    ['ipfs cid', 'ipfs_cid'],
    ['build a full text index', 'search_index_build'],
    ['query documents by words', 'search_query'],
  ])('search by plain words: "%s" finds %s first', (query, name) => {
    expect(new ToolSearch(tools).search(query, 3)[0]?.name).toBe(name)
  })
})

/** The meta-schema is made of vocabularies; what every tool's schema must keep of it, written out. */
function metaSchema(): Validator {
  const node = { $ref: '#/$defs/node' }
  const count = { type: 'integer', minimum: 0 }
  const types = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']
  return new Validator(
    {
      $ref: '#/$defs/node',
      $defs: {
        node: {
          type: ['object', 'boolean'],
          properties: {
            $schema: { type: 'string' },
            type: { anyOf: [{ enum: types }, { type: 'array', items: { enum: types } }] },
            description: { type: 'string' },
            properties: { type: 'object', additionalProperties: node },
            additionalProperties: node,
            propertyNames: node,
            items: node,
            anyOf: { type: 'array', minItems: 1, items: node },
            required: { type: 'array', items: { type: 'string' }, uniqueItems: true },
            enum: { type: 'array', minItems: 1 },
            const: true,
            default: true,
            minLength: count,
            maxLength: count,
            minItems: count,
            maxItems: count,
            minimum: { type: 'number' },
            maximum: { type: 'number' },
            contentEncoding: { const: 'base64' },
          },
          additionalProperties: false,
        },
      },
    },
    '2020-12',
  )
}
