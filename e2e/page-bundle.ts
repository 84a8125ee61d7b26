import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** A program of this folder as one script for a page. */
export async function pageBundle(entry: string): Promise<string> {
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2023',
    write: false,
  })
  return bundle.outputFiles[0]?.text ?? ''
}
