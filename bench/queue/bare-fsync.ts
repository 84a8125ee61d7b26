import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { removeFolder, temporaryFolder } from './temporary-folder.ts'

const WRITES = 200
const BLOCK_BYTES = 4_096

/** Milliseconds of each write of 4 KiB with its fdatasync. */
export interface BareFsync {
  /** To the end of a file that grows. */
  appended: number[]
  /** Over what the file already has, as a database's log does once it goes round. */
  overwritten: number[]
}

/** What this disk takes to make one small write durable, on the file system that the queues have their data on. */
export async function bareFsync(): Promise<BareFsync> {
  const folder = await temporaryFolder()
  const file = await open(join(folder, 'log'), 'w')
  const block = Buffer.alloc(BLOCK_BYTES, 1)
  const pass = async (): Promise<number[]> => {
    const samples: number[] = []
    for (let write = 0; write < WRITES; write++) {
      const started = performance.now()
      await file.write(block, 0, BLOCK_BYTES, write * BLOCK_BYTES)
      await file.datasync()
      samples.push(performance.now() - started)
    }
    return samples
  }
  try {
    return { appended: await pass(), overwritten: await pass() }
  } finally {
    await file.close()
    await removeFolder(folder)
  }
}
