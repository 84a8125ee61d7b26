import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Where this package lies: the nearest folder above with a package.json. A checkout runs `src/node/x.ts`,
 * an installed package `dist/src/node/x.js`; both find the same root.
 */
export function packageRoot(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder)
    if (above === folder) throw new Error(`no package.json above ${import.meta.dirname}`)
    folder = above
  }
  return folder
}

/** True in a checkout, where TypeScript runs as it is; false where the emitted JavaScript runs. */
export const runsFromSource: boolean = import.meta.filename.endsWith('.ts')
