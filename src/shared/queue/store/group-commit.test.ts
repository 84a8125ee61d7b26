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
    const first = group.add(1)
    await turn()
    const others = [group.add(2), group.add(3)]
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
    const all = [1, 2, 3].map(n => group.add(n))
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
    const all = [group.add(0)]
    await turn()
    for (let n = 1; n <= 250; n++) all.push(group.add(n))
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

  it('makes two commits of much that arrives at once, so that they take turns', async () => {
    const { commits, commit } = slowStore()
    const group = new GroupCommit(commit, 1_000)
    const all = Array.from({ length: 120 }, (_, n) => group.add(n))
    await turn()
    expect(commits.map(({ batch }) => batch.length)).toEqual([90])
    commits[0]!.end()
    await turn()
    expect(commits[1]!.batch.length).toBe(30)
    // While there is enough under way, all that waits goes together.
    all.push(...Array.from({ length: 100 }, (_, n) => group.add(120 + n)))
    await turn()
    expect(commits[2]!.batch.length).toBe(100)
    for (const index of [1, 2]) commits[index]!.end()
    expect(await Promise.all(all)).toEqual(all.map((_, n) => n * 10))
  })
})
