import { describe, expect, it } from 'vitest'
import { GroupCommit } from './group-commit.ts'

/** A store whose commits end when the test says so. */
function slowStore() {
  const commits: { batch: number[]; end: () => void; fail: (error: Error) => void }[] = []
  const commit = (batch: number[]) =>
    new Promise<number[]>((resolve, reject) => {
      commits.push({ batch, end: () => resolve(batch.map(n => n * 10)), fail: reject })
    })
  return { commits, commit }
}

const turn = () => new Promise(resolve => setTimeout(resolve, 0))

describe('GroupCommit', () => {
  it('starts at once when idle, and what arrives meanwhile is the next batch', async () => {
    const { commits, commit } = slowStore()
    const group = new GroupCommit(commit, 100)
    const first = group.add(1, 'end')
    await turn()
    const others = [group.add(2, 'end'), group.add(3, 'end')]
    await turn()
    expect(commits.map(({ batch }) => batch)).toEqual([[1]])
    commits[0]!.end()
    expect(await first).toBe(10)
    await turn()
    expect(commits[1]!.batch).toEqual([2, 3])
    commits[1]!.end()
    expect(await Promise.all(others)).toEqual([20, 30])
  })

  it('fails only the batch that failed', async () => {
    const { commits, commit } = slowStore()
    const group = new GroupCommit(commit, 2)
    const all = [1, 2, 3].map(n => group.add(n, 'end'))
    await turn()
    commits[0]!.fail(new Error('disk full'))
    await expect(all[0]).rejects.toThrow('disk full')
    await expect(all[1]).rejects.toThrow('disk full')
    await turn()
    commits[1]!.end()
    expect(await all[2]).toBe(30)
  })

  it('starts a second commit beside the first only for a batch that is worth it', async () => {
    const { commits, commit } = slowStore()
    const group = new GroupCommit(commit, 100)
    const all = [group.add(0, 'new')]
    await turn()
    for (let n = 1; n <= 250; n++) all.push(group.add(n, 'new'))
    await turn()
    expect(commits.map(({ batch }) => batch.length)).toEqual([1, 100])
    expect(group.pending).toBe(150)
    const settled = group.settled()
    for (let index = 0; index < 4; index++) {
      commits[index]!.end()
      await turn()
    }
    await settled
    expect(await Promise.all(all)).toEqual(Array.from({ length: 251 }, (_, n) => n * 10))
  })

  it('takes all that one event causes, however many promises lie between', async () => {
    const { commits, commit } = slowStore()
    const group = new GroupCommit(commit, 100)
    const first = group.add(1, 'end')
    for (let hop = 0; hop < 5; hop++) await undefined
    const second = group.add(2, 'start')
    await turn()
    expect(commits.map(({ batch }) => batch)).toEqual([[1, 2]])
    commits[0]!.end()
    expect(await Promise.all([first, second])).toEqual([10, 20])
  })

  it('makes two commits of equal parts of what many attempts wait for, so that they take turns', async () => {
    const { commits, commit } = slowStore()
    const group = new GroupCommit(commit, 1_000)
    const ends = Array.from({ length: 60 }, (_, n) => group.add(n, 'end'))
    const starts = Array.from({ length: 40 }, (_, n) => group.add(100 + n, 'start'))
    await turn()
    const kinds = ({ batch }: { batch: number[] }) => [
      batch.filter(n => n < 100).length,
      batch.filter(n => n >= 100).length,
    ]
    expect(commits.map(kinds)).toEqual([
      [30, 20],
      [30, 20],
    ])
    // With enough under way all that waits goes together, as soon as one of the two has ended.
    const more = Array.from({ length: 70 }, (_, n) => group.add(n, 'end'))
    commits[0]!.end()
    await turn()
    expect(commits.slice(2).map(kinds)).toEqual([[60, 0]])
    for (const index of [1, 2]) commits[index]!.end()
    await turn()
    commits[3]!.end()
    expect(await Promise.all([...ends, ...starts, ...more])).toHaveLength(170)
  })

  it('gives new work a share of each commit that attempts wait for while there is plenty, else all there is', async () => {
    const { commits, commit } = slowStore()
    let plenty = true
    const group = new GroupCommit(commit, 200, { hasPlenty: () => plenty })
    const all = Array.from({ length: 500 }, (_, n) => group.add(n, 'new'))
    all.push(group.add(1_000, 'end'))
    await turn()
    expect(commits[0]!.batch).toEqual([1_000, ...Array.from({ length: 32 }, (_, n) => n)])
    expect(commits[1]!.batch).toEqual(Array.from({ length: 200 }, (_, n) => 32 + n))
    for (let n = 0; n < 400; n++) all.push(group.add(2_000 + n, 'start'))
    commits[0]!.end()
    await turn()
    const fresh = commits[2]!.batch.filter(n => n < 1_000)
    expect([commits[2]!.batch.length, fresh.length, fresh[0]]).toEqual([200, 66, 232])
    plenty = false
    commits[1]!.end()
    await turn()
    expect(commits[3]!.batch.filter(n => n < 1_000)).toHaveLength(66)
    all.push(...Array.from({ length: 50 }, (_, n) => group.add(500 + n, 'new')))
    commits[2]!.end()
    await turn()
    expect(commits[4]!.batch.filter(n => n < 1_000)).toHaveLength(68)
    for (let index = 3; group.pending > 0 || index < commits.length; index++) {
      commits[index]!.end()
      await turn()
    }
    expect(await Promise.all(all)).toHaveLength(951)
  })
})
