import { open } from 'node:fs/promises'

/** The text of a file of at most `maxBytes`; undefined where there is none. Rejects with what the file system says. */
export async function boundedRead(path: string, maxBytes: number): Promise<string | undefined> {
  const file = await open(path, 'r').catch(error => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (file === undefined) return undefined
  try {
    const { size } = await file.stat()
    if (size > maxBytes) throw new Error(`${path} has ${size} bytes, at most ${maxBytes} are read`)
    const buffer = Buffer.alloc(size)
    const { bytesRead } = await file.read(buffer, 0, size, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
