import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { blobStoreCompliance } from '../../shared/queue/bodies/blob-store.compliance.ts'
import { BlobFiles } from './blob-files.ts'

blobStoreCompliance('BlobFiles', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'toolmesh-blobs-'))
  return {
    store: await BlobFiles.open(join(dataDir, 'blobs')),
    dispose: () => rm(dataDir, { recursive: true, force: true }),
  }
})

let dataDir: string
let folder: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'toolmesh-blobs-'))
  folder = join(dataDir, 'blobs')
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

async function keep(store: BlobFiles, text: string): Promise<string> {
  const ref = await store.refOf(text)
  await store.put(ref, text)
  return ref.blob
}

async function listed(store: BlobFiles): Promise<string[]> {
  const cids: string[] = []
  for await (const page of store.list()) cids.push(...page)
  return cids
}

const pathOf = (cid: string) => join(folder, cid.slice(-3, -1), cid)

it('keeps a blob as a file of its user alone, over a restart', async () => {
  const cid = await keep(await BlobFiles.open(folder), 'text')
  expect((await stat(pathOf(cid))).mode & 0o777).toBe(0o600)
  for (const path of [folder, join(pathOf(cid), '..')]) expect((await stat(path)).mode & 0o777).toBe(0o700)
  expect(await (await BlobFiles.open(folder)).get(cid)).toBe('text')
})

it('removes at start what a crash left half written', async () => {
  const store = await BlobFiles.open(folder)
  await writeFile(join(folder, 'drafts', '1'), 'hal')
  await expect(store.put(await store.refOf('a'), 'a')).rejects.toMatchObject({ code: 'unavailable' })
  const again = await BlobFiles.open(folder)
  const cid = await keep(again, 'a')
  expect(await readdir(join(folder, 'drafts'))).toEqual([])
  expect(await listed(again)).toEqual([cid])
})

it('tells a damaged file from a missing one, and replaces it when the same text comes again', async () => {
  const store = await BlobFiles.open(folder)
  const cid = await keep(store, 'whole')
  await writeFile(pathOf(cid), 'who')
  await expect(store.get(cid)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('damaged'),
  })
  expect(await keep(store, 'whole')).toBe(cid)
  expect(await store.get(cid)).toBe('whole')
})

it('lists only what it wrote', async () => {
  const store = await BlobFiles.open(folder)
  const cid = await keep(store, 'mine')
  await writeFile(join(folder, 'README'), '')
  await writeFile(join(folder, cid), 'not in its place')
  expect(await listed(store)).toEqual([cid])
})

it('says why nothing can be written, leaves nothing behind, and works again when the disk does', async () => {
  const store = await BlobFiles.open(folder)
  const ref = await store.refOf('text')
  await writeFile(join(pathOf(ref.blob), '..'), 'in the way')
  await expect(store.put(ref, 'text')).rejects.toMatchObject({
    code: 'unavailable',
    retryable: true,
    message: expect.stringMatching(/blob store: 4 bytes cannot be written: EEXIST/),
  })
  expect(await readdir(join(folder, 'drafts'))).toEqual([])
  await rm(join(pathOf(ref.blob), '..'))
  expect(await store.put(ref, 'text')).toBe(true)
})

it('refuses to open a folder that cannot be one', async () => {
  await writeFile(folder, '')
  await expect(BlobFiles.open(folder)).rejects.toMatchObject({ code: 'unavailable' })
})

it('leaves the event loop to others while it hashes a large text', async () => {
  const store = await BlobFiles.open(folder)
  const text = 'x'.repeat(16 * 1024 * 1024)
  let turns = 0
  let done = false
  const count = () => {
    turns += 1
    if (!done) setImmediate(count)
  }
  setImmediate(count)
  const ref = await store.refOf(text)
  done = true
  expect(turns).toBeGreaterThanOrEqual(8)
  expect(ref.size).toBe(text.length)
})
