import { pathToFileURL } from 'node:url'
import type { ImportModule } from '../../shared/router/tool-module.ts'

/**
 * Imports tools from `<root>/tools/`. In a checkout these are TypeScript as the catalogue names them; in an
 * installed package they are emitted JavaScript beside this file's own emitted form.
 */
export function importFrom(root: string): ImportModule {
  const base = pathToFileURL(`${root}/tools/`)
  const emitted = import.meta.url.endsWith('.js')
  return module => import(new URL(emitted ? module.replace(/\.ts$/, '.js') : module, base).href)
}
