/** Holds the tree to the import direction of docs/ARCHITECTURE.md: which part may know which. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** What each room may import besides itself. Rooms are path prefixes, the longest that fits counts. */
const BASE = ['src/shared/errors', 'src/shared/clock', 'src/shared/logger']
const CORE = [...BASE, 'src/shared/artifacts', 'src/shared/tools']
const ALLOWED: Record<string, string[]> = {
  'src/shared/errors': [],
  'src/shared/clock': [],
  'src/shared/logger': [],
  'src/shared/artifacts': [...BASE, 'src/shared/tools/tool.ts'],
  'src/shared/tools': CORE,
  'src/shared/authority': CORE,
  'src/shared/cache': CORE,
  'src/shared/queue': [...CORE, 'src/shared/authority', 'src/shared/cache'],
  'src/shared/workflow': [...CORE, 'src/shared/authority', 'src/shared/cache', 'src/shared/queue'],
  'src/shared/mesh': [...CORE, 'src/shared/authority'],
  'src/shared/router': [...CORE, 'src/shared/authority'],
  'src/shared/mcp': ['src/shared'],
  'src/node': ['src/shared'],
  'src/browser': ['src/shared', 'tools', 'package.json'],
  tools: ['src/shared/tools'],
  web: ['src/browser'],
}
/** The dashboard may name the types of what it reads, and no code. */
const TYPES_ONLY: Record<string, string[]> = { web: ['src/shared'] }

const IMPORT =
  /(?:^|\n)\s*(import|export)\s+(type\s)?[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g

interface Import {
  file: string
  specifier: string
  typeOnly: boolean
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(name => name.endsWith('.ts') && !/\.(test|spec|compliance)\.ts$/.test(name))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/^\s*(\/?\*|\/\/).*$/gm, '')
  return [...text.matchAll(IMPORT)].map(match => ({
    file,
    specifier: match[3] ?? match[4] ?? match[5] ?? '',
    typeOnly: match[2] !== undefined,
  }))
}

function roomOf(path: string): string | undefined {
  return Object.keys(ALLOWED)
    .filter(room => path === room || path.startsWith(`${room}/`) || path.startsWith(`${room}.`))
    .sort((a, b) => b.length - a.length)[0]
}

function within(path: string, prefixes: string[]): boolean {
  return prefixes.some(
    prefix => path === prefix || path.startsWith(`${prefix}/`) || path.startsWith(`${prefix}.`),
  )
}

const all = ['src', 'tools', 'web'].flatMap(sources).flatMap(importsOf)

describe('imports', () => {
  it('are read from every room', () => {
    const rooms = new Set(all.map(found => roomOf(found.file)))
    for (const room of ['src/shared/queue', 'src/shared/mcp', 'src/node', 'src/browser', 'tools', 'web']) {
      expect([...rooms]).toContain(room)
    }
  })

  it('run one way between the rooms', () => {
    const wrong = all
      .filter(found => found.specifier.startsWith('.'))
      .filter(found => {
        const room = roomOf(found.file)
        if (room === undefined) return false
        const target = relative(root, resolve(root, dirname(found.file), found.specifier))
        if (within(target, [room, ...(ALLOWED[room] ?? [])])) return false
        return !(found.typeOnly && within(target, TYPES_ONLY[room] ?? []))
      })
      .map(found => `${found.file} -> ${found.specifier}`)
    expect(wrong).toEqual([])
  })

  it('name no Node built-in in the core, the tab, the dashboard or a tool', () => {
    const wrong = all
      .filter(
        found => /^(src\/(shared|browser)|tools|web)\//.test(found.file) && !found.file.endsWith('.node.ts'),
      )
      .filter(found => found.specifier.startsWith('node:'))
      .map(found => `${found.file} -> ${found.specifier}`)
    expect(wrong).toEqual([])
  })

  it('keep the MCP SDK out of the surface, for its bindings only', () => {
    const wrong = all
      .filter(found => /^src\/shared\/mcp\/(?!binding\/|endpoint\/)/.test(found.file))
      .filter(found => found.specifier.startsWith('@modelcontextprotocol/'))
      .map(found => `${found.file} -> ${found.specifier}`)
    expect(wrong).toEqual([])
  })
})
