import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { silentLogger } from '../../logger.ts'
import type { BlobRef, Body } from '../states/commands.ts'
import { Bodies, BodyTooLargeError } from './bodies.ts'
import { MemoryBlobStore } from './memory-blob-store.ts'

const INLINE = 12
const LIMIT = 100
const large = (letter: string) => letter.repeat(INLINE + 1)

function open(store = new MemoryBlobStore(), logger = silentLogger) {
  return { store, bodies: new Bodies({ store, logger, inlineBytes: INLINE, bodyBytes: LIMIT }) }
}

function refOf(body: Body): BlobRef {
  if (typeof body === 'string') throw new Error('not a reference')
  return body
}

async function* pages(...cids: string[]): AsyncIterable<string[]> {
  for (const cid of cids) yield [cid]
}

async function listed(store: MemoryBlobStore): Promise<string[]> {
  const cids: string[] = []
  for await (const page of store.list()) cids.push(...page)
  return cids.sort()
}

describe('Bodies', () => {
  afterEach(() => vi.restoreAllMocks())

  it('leaves a small text as it is, without a turn of the event loop, by its bytes', async () => {
    const { bodies, store } = open()
    expect(bodies.keep('x'.repeat(INLINE), '/params')).toBe('x'.repeat(INLINE))
    expect(bodies.keep('é'.repeat(INLINE / 2), '/params')).toBe('é'.repeat(INLINE / 2))
    expect(refOf(await bodies.keep('é'.repeat(INLINE / 2 + 1), '/params')).size).toBe(INLINE + 2)
    expect(await bodies.read('inline')).toBe('inline')
    expect(await listed(store)).toHaveLength(1)
  })

  it('keeps a large text as a blob and reads it back', async () => {
    const { bodies } = open()
    const body = await bodies.keep(large('a'), '/params')
    bodies.release(body, true)
    expect(refOf(body).size).toBe(INLINE + 1)
    expect(await bodies.read(body)).toBe(large('a'))
  })

  it.each(['x'.repeat(LIMIT + 1), 'é'.repeat(LIMIT / 2 + 1)])('refuses what is too large: %#', async text => {
    const { bodies, store } = open()
    const kept = Promise.resolve(bodies.keep(text, '/result'))
    await expect(kept).rejects.toThrow(BodyTooLargeError)
    await expect(kept).rejects.toMatchObject({
      code: 'invalid_input',
      bytes: Buffer.byteLength(text),
      limit: LIMIT,
      details: { field: '/result' },
    })
    expect(await listed(store)).toEqual([])
  })

  it('rejects what cannot be written, and takes the same text when it can', async () => {
    const { bodies, store } = open()
    const put = vi.spyOn(store, 'put').mockRejectedValueOnce(new Error('disk full'))
    const both = await Promise.allSettled([
      bodies.keep(large('a'), '/params'),
      bodies.keep(large('a'), '/params'),
    ])
    expect(both.map(each => each.status)).toEqual(['rejected', 'rejected'])
    expect(await bodies.read(await bodies.keep(large('a'), '/params'))).toBe(large('a'))
    expect(put).toHaveBeenCalledTimes(2)
  })

  it('deletes at once what was refused, but not what another task may refer to', async () => {
    const { bodies, store } = open()
    const first = await bodies.keep(large('a'), '/params')
    bodies.release(first, true)
    bodies.release(await bodies.keep(large('a'), '/params'), false)
    bodies.release(await bodies.keep(large('b'), '/params'), false)
    await vi.waitFor(async () => expect(await listed(store)).toEqual([refOf(first).blob]))
  })

  it('deletes what a prune left over, except what is pinned', async () => {
    const { bodies, store } = open()
    const [a, b] = await Promise.all([large('a'), large('b')].map(text => bodies.keep(text, '/params')))
    bodies.release(a!, true)
    const blobs = [refOf(a!).blob, refOf(b!).blob]
    expect(await bodies.prune(async () => ({ tasks: 7, blobs }))).toMatchObject({ tasks: 7 })
    expect(await listed(store)).toEqual([refOf(b!).blob])
    bodies.release(b!, true)
    expect(await listed(store)).toEqual([refOf(b!).blob])
  })

  it('deletes what a prune left over while it was pinned for a commit that was then refused', async () => {
    const { bodies, store } = open()
    bodies.release(await bodies.keep(large('a'), '/params'), true)
    const again = await bodies.keep(large('a'), '/params')
    await bodies.prune(async () => ({ tasks: 1, blobs: [refOf(again).blob] }))
    expect(await listed(store)).toHaveLength(1)
    bodies.release(again, false)
    await vi.waitFor(async () => expect(await listed(store)).toEqual([]))
  })

  it('goes on when blobs cannot be deleted', async () => {
    const logger = vi.fn()
    const { bodies, store } = open(new MemoryBlobStore(), logger)
    vi.spyOn(store, 'delete').mockRejectedValue(new Error('read-only'))
    expect(await bodies.prune(async () => ({ tasks: 1, blobs: ['gone'] }))).toMatchObject({ tasks: 1 })
    expect(logger).toHaveBeenCalledWith('warning', 'blobs could not be deleted', {
      blobs: 1,
      error: 'Error: read-only',
    })
  })

  it('sweeps what nothing refers to, sparing what is pinned and what was committed meanwhile', async () => {
    const { bodies, store } = open()
    const keep = async (letter: string) => refOf(await bodies.keep(large(letter), '/params'))
    const [referred, orphan] = await Promise.all([keep('a'), keep('b')])
    const reopened = open(store).bodies
    const pinned = refOf(await reopened.keep(large('c'), '/params'))
    const { promise: swept, resolve } = Promise.withResolvers<void>()
    const sweep = reopened.sweep(
      (async function* () {
        yield [referred.blob]
        await swept
      })(),
    )
    const late = refOf(await reopened.keep(large('d'), '/params'))
    reopened.release(late, true)
    resolve()
    expect(await sweep).toBe(1)
    expect(await listed(store)).toEqual([referred.blob, pinned.blob, late.blob].sort())
    expect(await listed(store)).not.toContain(orphan.blob)
    expect(await reopened.sweep(pages(referred.blob, late.blob))).toBe(0)
  })
})

describe('Bodies that are closed', () => {
  it('sweep no further', async () => {
    const { bodies, store } = open()
    await store.put(await store.refOf('orphan'), 'orphan')
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    const sweep = bodies.sweep(
      (async function* () {
        await asked
        yield []
      })(),
    )
    const closed = bodies.close()
    resolve()
    await closed
    expect(await sweep).toBe(0)
    expect(await listed(store)).toHaveLength(1)
  })
})

/** A task store as far as bodies go: who refers to what, answers in the order of the calls, each after its own time. */
class Tasks {
  readonly refs: string[] = []
  #last: Promise<unknown> = Promise.resolve()
  readonly #turn: () => Promise<void>

  constructor(turn: () => Promise<void>) {
    this.#turn = turn
  }

  commit(blob: string, accepted: boolean): Promise<boolean> {
    return this.#next(() => {
      if (accepted) this.refs.push(blob)
      return accepted
    })
  }

  /** Forgets the oldest of those that were there when it was asked. */
  prune(max: number): Promise<{ tasks: number; blobs: string[] }> {
    const known = this.refs.length
    return this.#next(() => {
      const gone = this.refs.splice(0, Math.min(max, known))
      return { tasks: gone.length, blobs: [...new Set(gone)].filter(blob => !this.refs.includes(blob)) }
    })
  }

  async *blobs(): AsyncIterable<string[]> {
    yield await this.#next(() => [...this.refs])
  }

  #next<T>(run: () => T): Promise<T> {
    const answer = this.#last.then(async () => {
      await this.#turn()
      return run()
    })
    this.#last = answer
    return answer
  }
}

/** A blob store in which each step takes its time. */
class SlowBlobStore extends MemoryBlobStore {
  readonly #turn: () => Promise<void>

  constructor(turn: () => Promise<void>) {
    super()
    this.#turn = turn
  }

  override async put(ref: BlobRef, text: string): Promise<boolean> {
    await this.#turn()
    const fresh = await super.put(ref, text)
    await this.#turn()
    return fresh
  }

  override async delete(cids: readonly string[]): Promise<void> {
    for (const cid of cids) {
      await this.#turn()
      await super.delete([cid])
    }
    await this.#turn()
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ letter: fc.constantFrom('a', 'b', 'c'), accepted: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ prune: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.constant({ sweep: true } as const) },
)

describe('bodies of tasks that come and go in any order', () => {
  it('are readable as long as a task refers to them, and gone when none does', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(step, { minLength: 2, maxLength: 14 }),
        async (scheduler, steps) => {
          const turn = () => scheduler.schedule(Promise.resolve())
          const store = new SlowBlobStore(turn)
          const { bodies } = open(store)
          const tasks = new Tasks(turn)
          const through = async (work: Promise<unknown>) => {
            let over = false
            void work.finally(() => {
              over = true
            })
            while (!over || scheduler.count() > 0) {
              if (scheduler.count() > 0) await scheduler.waitOne()
              await new Promise(resolve => setImmediate(resolve))
              const there = await listed(store)
              for (const blob of tasks.refs) expect(there).toContain(blob)
            }
            await work
          }
          const run = async (what: (typeof steps)[number]) => {
            await turn()
            if ('prune' in what) return bodies.prune(() => tasks.prune(what.prune))
            if ('sweep' in what) return bodies.sweep(tasks.blobs())
            const body = await bodies.keep(large(what.letter), '/params')
            const referred = await tasks.commit(refOf(body).blob, what.accepted)
            bodies.release(body, referred)
            return undefined
          }
          await through(Promise.all(steps.map(run)))
          await through(bodies.prune(() => tasks.prune(Number.POSITIVE_INFINITY)))
          await through(Promise.resolve())
          expect(await listed(store)).toEqual([])
        },
      ),
      { numRuns: 300 },
    )
  })
})
