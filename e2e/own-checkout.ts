import { cp, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { freshDir, ROOT } from './node-process.ts'

/** What a node is started and a package is made from. */
const PARTS = [
  ...['bin', 'src', 'tools', 'web', 'dist'],
  ...['package.json', 'package-lock.json', 'vite.config.ts', 'tsconfig.json', 'tsconfig.build.json'],
  ...['README.md', 'CHANGELOG.md', 'LICENSE'],
]

/** A checkout whose build can be changed while others use theirs; the installed packages are shared. */
export async function copyOfCheckout(): Promise<string> {
  const folder = await freshDir()
  for (const part of PARTS) {
    await cp(join(ROOT, part), join(folder, part), { recursive: true, preserveTimestamps: true })
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}
