/** File systems made for a scenario; they need root (CAP_SYS_ADMIN). */
import { execFile } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freshDir } from '../node-process.ts'

const run = promisify(execFile)
const CHUNKS = [1024 * 1024, 4096, 1]

/** Why nothing can be mounted here, or undefined where it can. */
export async function mountRefused(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'not Linux'
  try {
    const dir = await mountTmpfs(1)
    await unmount(dir)
    return undefined
  } catch (error) {
    return `mount is refused (CAP_SYS_ADMIN is missing): ${error instanceof Error ? error.message.trim() : error}`
  }
}

/** A file system of so many MiB in memory; gives where it is. */
export async function mountTmpfs(mebibytes: number): Promise<string> {
  const dir = await freshDir()
  await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', dir])
  return dir
}

/** From now on nothing can be opened for writing below `dir`; what is open already stays as it is. */
export async function mountReadOnly(dir: string): Promise<void> {
  await run('mount', ['--bind', dir, dir])
  await run('mount', ['-o', 'remount,ro,bind', dir])
}

/** Also while something below is open. */
export async function unmount(dir: string): Promise<void> {
  await run('umount', ['--lazy', dir])
}

/** Takes every byte that is left on the file system of `dir`; gives what makes room again. */
export function fillDisk(dir: string): { bytes: number; empty(): void } {
  const path = join(dir, 'filler')
  const file = openSync(path, 'a')
  let bytes = 0
  try {
    for (const size of CHUNKS) bytes += writeUntilFull(file, Buffer.alloc(size))
  } finally {
    closeSync(file)
  }
  return { bytes, empty: () => rmSync(path) }
}

function writeUntilFull(file: number, chunk: Buffer): number {
  for (let bytes = 0; ; ) {
    try {
      bytes += writeSync(file, chunk)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return bytes
      throw error
    }
  }
}
