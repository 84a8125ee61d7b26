import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { InvalidInputError, ToolmeshError } from '../../shared/errors.ts'
import type { BootstrapFile } from '../../shared/mcp/peer/mesh-port.ts'
import { MAX_LISTED, parseBootstrapList } from '../../shared/mesh/discovery/bootstrap-list.ts'
import { boundedRead } from './bounded-read.ts'

/** Bytes of a list or a registry; of a file in the folder of a registry, which holds one peer. */
const MAX_LIST_BYTES = 16 * 1024 * 1024
const MAX_PEER_BYTES = 32 * 1024

/**
 * Reads peers from a list, a registry file, or the folder of a registry (its files that end with `.json`). Throws
 * `not_found`, `invalid_input` for what is neither or too large, `unavailable` for what cannot be read.
 */
export async function readBootstrapFile(
  given: string,
  folder: string,
  signal: AbortSignal,
): Promise<BootstrapFile> {
  const path = resolve(folder, given)
  try {
    const about = await stat(path)
    signal.throwIfAborted()
    if (about.isDirectory()) return { path, ...(await readFolder(path, signal)) }
    if (!about.isFile()) throw new InvalidInputError('/path', given, 'a file or a folder')
    if (about.size > MAX_LIST_BYTES)
      throw new InvalidInputError('/path', given, `a file of at most ${MAX_LIST_BYTES} bytes`)
    const list = parseBootstrapList((await boundedRead(path, MAX_LIST_BYTES)) ?? '')
    if (list === undefined)
      throw new InvalidInputError('/path', given, 'a list of multiaddrs, or JSON that is whole')
    return { path, ...list }
  } catch (error) {
    throw errorOf(error, path)
  }
}

async function readFolder(
  path: string,
  signal: AbortSignal,
): Promise<Pick<BootstrapFile, 'found' | 'refused'>> {
  const names = (await readdir(path)).filter(name => name.endsWith('.json')).sort()
  const all: Pick<BootstrapFile, 'found' | 'refused'> = { found: [], refused: [] }
  for (const name of names.slice(0, MAX_LISTED)) {
    signal.throwIfAborted()
    const list = await boundedRead(join(path, name), MAX_PEER_BYTES)
      .then((text = '[') => parseBootstrapList(text))
      .catch(() => undefined)
    if (list === undefined || all.found.length + list.found.length > MAX_LISTED)
      all.refused.push({ at: name, reason: 'not readable, not JSON, or too large' })
    else {
      all.found.push(...list.found)
      all.refused.push(...list.refused.map(({ at, reason }) => ({ at: `${name} ${at}`, reason })))
    }
  }
  if (names.length > MAX_LISTED)
    all.refused.push({ at: names[MAX_LISTED] ?? '', reason: `more than ${MAX_LISTED} files` })
  return all
}

function errorOf(error: unknown, path: string): unknown {
  if (error instanceof ToolmeshError || !(error instanceof Error) || !('code' in error)) return error
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
    return new ToolmeshError('not_found', `there is no file ${path}`, { field: '/path', value: path })
  return new ToolmeshError('unavailable', `${path} cannot be read: ${String(error.code)}`, {
    field: '/path',
    value: path,
    retryable: false,
  })
}
