import { expect, it } from 'vitest'
import { SplitRule } from './split-rule.ts'

/** Milliseconds for each command: in the store, and for following it here, half of which is seen. */
const COST_MS = 0.01

/** Commits of 200 commands, or of halves where the rule splits, with this fixed cost; whether it splits in the end. */
function afterCommits(fixedMs: number, rule = new SplitRule()): boolean {
  for (let now = 0, commit = 0; commit < 50; commit++) {
    const commands = rule.isWorthIt ? 100 : 200
    const ms = fixedMs + commands * COST_MS
    now += ms
    rule.committed(commands, ms, now)
    now += (commands * COST_MS) / 2
    rule.followed(now)
  }
  return rule.isWorthIt
}

it('commits are split while their fixed cost is less than what it takes to follow all of it', () => {
  expect([0.1, 1, 1.8].map(fixed => afterCommits(fixed))).toEqual([true, true, true])
  expect([2.2, 5, 50].map(fixed => afterCommits(fixed))).toEqual([false, false, false])
})

it('it is found out again when the disk becomes slower or quicker', () => {
  const rule = new SplitRule()
  expect([0.2, 6, 0.2, 6].map(fixed => afterCommits(fixed, rule))).toEqual([true, false, true, false])
})

it('a clock that stands still and small commits say nothing', () => {
  const rule = new SplitRule()
  for (let time = 0; time < 9; time++) {
    rule.committed(100, 0, 5)
    rule.followed(5)
    rule.committed(3, 50, 100 + time)
    rule.followed(100 + time)
  }
  expect(rule.isWorthIt).toBe(true)
})
