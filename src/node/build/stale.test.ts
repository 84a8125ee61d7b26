import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isStale } from './stale.ts'

describe('isStale', () => {
  let folder: string
  const at = (name: string) => join(folder, name)
  const step = () => ({ inputs: [at('source'), at('absent')], output: at('out.json') })
  const setTimes = async (seconds: number, ...names: string[]) => {
    for (const name of names) await utimes(at(name), seconds, seconds)
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stale-'))
    await mkdir(at('source/deep'), { recursive: true })
    await writeFile(at('source/deep/a.ts'), 'a')
    await writeFile(at('out.json'), '{}')
    await setTimes(1_000, 'source/deep/a.ts', 'source/deep', 'source')
    await setTimes(2_000, 'out.json')
  })

  afterEach(() => rm(folder, { recursive: true }))

  it('is false when the output is newer than all inputs', async () => {
    expect(await isStale(step())).toBe(false)
  })

  it('is true without an output', async () => {
    await rm(at('out.json'))
    expect(await isStale(step())).toBe(true)
  })

  it('is true when a file deep in a folder was changed', async () => {
    await setTimes(3_000, 'source/deep/a.ts')
    expect(await isStale(step())).toBe(true)
  })

  it('is true when a file was deleted', async () => {
    await rm(at('source/deep/a.ts'))
    expect(await isStale(step())).toBe(true)
  })

  it('does not look into node_modules', async () => {
    await mkdir(at('source/node_modules'))
    await writeFile(at('source/node_modules/b.js'), 'b')
    await setTimes(1_000, 'source/node_modules', 'source')
    expect(await isStale(step())).toBe(false)
  })
})
