import { existsSync, writeFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Config } from '../../config.ts'
import { checksWithoutNode } from './without-node.ts'

describe('a look at the data folder where no node answers', () => {
  let parent: string
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'toolmesh-doctor-'))
  })
  afterEach(() => rm(parent, { recursive: true }))

  const look = (dataDir: string) => checksWithoutNode({ dataDir, http: { enabled: false } } as Config)

  it('leaves nothing behind', async () => {
    const [folder] = await look(join(parent, 'data'))
    expect(folder).toMatchObject({ name: 'data', state: 'ok' })
    expect(await readdir(parent)).toEqual([])
  })

  it('takes nothing away from a node that starts there meanwhile', async () => {
    const dataDir = join(parent, 'data')
    const identity = join(dataDir, 'identity.key')
    const start = (): unknown =>
      existsSync(dataDir) ? writeFileSync(identity, 'a key') : setImmediate(start)
    start()
    await look(dataDir)
    expect(existsSync(identity)).toBe(true)
  })
})
