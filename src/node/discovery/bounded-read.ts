import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/**
 * The text of a file of at most `maxBytes`; undefined where there is none. Rejects with what the file system says, and for
 * what is no file: a named pipe that somebody left in a shared folder would hold up the one who opens it for ever.
 */
export async function boundedRead(path: string, maxBytes: number): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | NOT_WAITING).catch(error => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (file === undefined) return undefined
  try {
    const about = await file.stat()
    if (!about.isFile()) throw new Error(`${path} is no file`)
    const { size } = about
    if (size > maxBytes) throw new Error(`${path} has ${size} bytes, at most ${maxBytes} are read`)
    const buffer = Buffer.alloc(size)
    const { bytesRead } = await file.read(buffer, 0, size, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

/** Windows knows no such pipes, and no such flag. */
const NOT_WAITING = constants.O_NONBLOCK ?? 0

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
