import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { cidOf, cidOfBytes } from '../../shared/artifacts/cid.ts'

/**
 * For each entry (a path relative to `root`), a CID over its code: the content of every file it imports, directly
 * or not, libraries and late imports included, sorted by path. One graph is resolved for all platforms (the
 * browser's conditions, as every tool must bundle for it), so a node and a tab of one build agree on it.
 */
export async function codeCids(root: string, entries: readonly string[]): Promise<Map<string, string>> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...entries],
    outdir: 'unused',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    plugins: [
      {
        name: 'built-ins',
        setup: at =>
          at.onResolve({ filter: /^[^./]/ }, ({ path }) =>
            isBuiltin(path) ? { path, external: true } : null,
          ),
      },
    ],
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  const hashes = await contentHashes(root, metafile)
  return new Map(
    entries.map(entry => [
      entry,
      cidOf(filesOf(metafile, entry).map(path => [path, hashes.get(path) ?? ''])),
    ]),
  )
}

async function contentHashes(root: string, metafile: Metafile): Promise<Map<string, string>> {
  const paths = Object.keys(metafile.inputs).filter(isFile)
  return new Map(
    await Promise.all(paths.map(async path => [path, cidOfBytes(await readFile(join(root, path)))] as const)),
  )
}

/** Everything that `entry` reaches, itself included, sorted by UTF-16 code units. */
function filesOf(metafile: Metafile, entry: string): string[] {
  const reached = new Set([entry])
  for (const path of reached) {
    for (const imported of metafile.inputs[path]?.imports ?? []) {
      if (!imported.external) reached.add(imported.path)
    }
  }
  return [...reached].filter(isFile).sort()
}

/** Not one of esbuild's stand-ins, as `(disabled):fs` for a module that a package leaves out of browsers. */
function isFile(path: string): boolean {
  return !path.startsWith('(disabled):')
}
