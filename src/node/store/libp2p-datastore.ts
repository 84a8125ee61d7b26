import { chmod, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FsDatastore } from 'datastore-fs'
import { ToolmeshError } from '../../shared/errors.ts'
import { diskAdvice } from '../errors.ts'

/** Where the mesh keeps its files cannot be used. */
export class UnusableMeshFolderError extends ToolmeshError {
  constructor(path: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const advice = diskAdvice(why) ?? 'move it away, it will be made anew'
    super('unavailable', `${path} cannot be used (${why}): ${advice}`, {
      field: 'dataDir',
      value: path,
      cause,
    })
  }
}

/**
 * What libp2p keeps over restarts, in `dataDir/libp2p`: the certificate of WebRTC-Direct, which its addresses name, and
 * its key; therefore its user's alone. What it knew of peers is left behind: every peer comes again by itself.
 * Throws UnusableMeshFolderError.
 */
export async function libp2pDatastore(dataDir: string): Promise<FsDatastore> {
  const path = join(dataDir, 'libp2p')
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await chmod(path, 0o700)
    await rm(join(path, 'peers'), { recursive: true, force: true })
  } catch (cause) {
    throw new UnusableMeshFolderError(path, cause)
  }
  return new FsDatastore(path)
}
