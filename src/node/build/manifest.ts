/** Makes `dist/tools.json`, the list of tools that nodes and tabs read at start. Run it by itself to make it now. */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Logger } from '../../shared/logger.ts'
import { describeTool } from '../../shared/tools/descriptor.ts'
import { BadToolError } from '../../shared/tools/errors.ts'
import { MANIFEST_VERSION, type Manifest, parseManifest } from '../../shared/tools/manifest.ts'
import type { Tool, ToolDescriptor } from '../../shared/tools/tool.ts'
import { isStale } from './stale.ts'

export interface ManifestOptions {
  /** The project's folder, which holds `tools/` and `src/`. */
  root: string
  /** The manifest's file, `dist/tools.json`. */
  out: string
  logger: Logger
}

/** The manifest as it is when nothing changed since it was made (a few milliseconds), else made again (about a second). */
export async function ensureManifest(options: ManifestOptions): Promise<ToolDescriptor[]> {
  if (await isStale({ inputs: manifestInputs(options.root), output: options.out }))
    return buildManifest(options)
  try {
    return parseManifest(JSON.parse(await readFile(options.out, 'utf8')))
  } catch (error) {
    options.logger('warning', 'the tool manifest is made again: it cannot be read', {
      file: options.out,
      error: String(error),
    })
    return buildManifest(options)
  }
}

/** What the manifest depends on. The lock file stands for the libraries below `node_modules`. */
export function manifestInputs(root: string): string[] {
  return ['tools', 'src/shared/tools', 'src/shared/artifacts', 'src/node/build', 'package-lock.json'].map(
    path => join(root, path),
  )
}

/** Imports every `tools/<category>/<tool>.ts` and writes the manifest, in one step so that a reader never sees half of it. */
export async function buildManifest({ root, out, logger }: ManifestOptions): Promise<ToolDescriptor[]> {
  const started = new Date()
  const modules = await toolModules(join(root, 'tools'))
  const { codeCids } = await import('./code-cid.ts')
  const cids = await codeCids(
    root,
    modules.map(module => `tools/${module}`),
  )
  const tools = await Promise.all(
    modules.map(async module => {
      const tool = await importTool(join(root, 'tools', module), module)
      return describeTool(tool, { module, codeCid: cids.get(`tools/${module}`) ?? '' })
    }),
  )
  const manifest: Manifest = { version: MANIFEST_VERSION, tools }
  await mkdir(dirname(out), { recursive: true })
  const draft = `${out}.${randomUUID()}`
  await writeFile(draft, JSON.stringify(manifest))
  // Dated by the start of the build: what changed while it ran counts as newer.
  await utimes(draft, started, started)
  await rename(draft, out)
  logger('info', 'tool manifest written', { file: out, tools: tools.length })
  return tools
}

/** `category/tool.ts` of every tool, sorted. A file with a hyphen or a dot in its name is part of a tool, not one. */
async function toolModules(folder: string): Promise<string[]> {
  const categories = await readdir(folder, { withFileTypes: true })
  const names = categories
    .filter(entry => entry.isDirectory() && entry.name !== 'fixtures')
    .map(({ name }) => name)
  const modules = await Promise.all(
    names.map(async category => {
      const files = await readdir(join(folder, category))
      return files.filter(file => /^[a-z0-9_]+\.ts$/.test(file)).map(file => `${category}/${file}`)
    }),
  )
  return modules.flat().sort()
}

async function importTool(path: string, module: string): Promise<Tool> {
  const { default: tool }: { default?: unknown } = await import(pathToFileURL(path).href)
  if (!isTool(tool)) throw new BadToolError(module, 'its default export is not made by defineTool')
  if (module !== `${tool.category}/${tool.name}.ts`) {
    throw new BadToolError(
      module,
      `it must be at ${tool.category}/${tool.name}.ts, named for what it defines`,
    )
  }
  return tool
}

function isTool(value: unknown): value is Tool {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'inlineMaxBytes' in value &&
    'run' in value
  )
}

if (process.argv[1] !== undefined && import.meta.filename === resolve(process.argv[1])) {
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  const logger: Logger = (level, message, fields) => console.error(level, message, fields ?? '')
  await buildManifest({ root, out: join(root, 'dist', 'tools.json'), logger })
}
