import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'

const FOLDER = resolve(import.meta.dirname, '..', 'rivals')

const manifest = z.object({ dependencies: z.record(z.string(), z.string()) })
const installed = z.object({ version: z.string() })

/** Installs what bench/rivals/package.json names into its own node_modules; why it cannot, where it cannot. */
export async function installRivals(): Promise<string | undefined> {
  if (await isInstalled()) return undefined
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  try {
    await promisify(execFile)('npm', args, { cwd: FOLDER })
  } catch (error) {
    return `npm install in bench/rivals failed: ${firstLineOf(error)}`
  }
  return undefined
}

/** Of npm's many lines the first names the cause. */
function firstLineOf(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n')
  return lines.find(line => line.startsWith('npm error')) ?? lines[0] ?? ''
}

async function isInstalled(): Promise<boolean> {
  const { dependencies } = manifest.parse(await readJson(join(FOLDER, 'package.json')))
  try {
    for (const [name, version] of Object.entries(dependencies)) {
      const file = join(FOLDER, 'node_modules', name, 'package.json')
      if (installed.parse(await readJson(file)).version !== version) return false
    }
    return true
  } catch {
    // Some package is not there.
    return false
  }
}

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'))
}
