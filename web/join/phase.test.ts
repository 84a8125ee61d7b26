import { describe, expect, it } from 'vitest'
import type { TabAttempt, TabState } from '../../src/browser/tab-contract.ts'
import { pageTitle, phaseText } from './phase.ts'

const attempt: TabAttempt = { task_id: 'a', tool: 'text_chunk', started_at: 0 }

function tab(part: Partial<TabState>): TabState {
  return {
    phase: 'online',
    paused: false,
    capacity: 2,
    max_capacity: 3,
    running: [],
    done: { succeeded: 0, failed: 0 },
    recent: [],
    undelivered: 0,
    ...part,
  }
}

describe('pageTitle', () => {
  it('tells what runs before anything else', () => {
    expect(pageTitle(tab({ running: [attempt, attempt, attempt] }))).toBe('3 running · toolmesh')
    expect(pageTitle(tab({ paused: true }))).toBe('Paused · toolmesh')
    expect(pageTitle(tab({}))).toBe('Ready · toolmesh')
    expect(pageTitle(tab({ phase: 'reconnecting', running: [attempt] }))).toBe('Reconnecting · toolmesh')
  })
})

describe('phaseText', () => {
  it('says that the node is ending, and that the tab comes back with it', () => {
    expect(phaseText(tab({ node_ending: true, running: [attempt] })).text).toContain('1 tool still finishing')
    expect(phaseText(tab({ node_ending: true })).title).toBe('The node is ending')
    expect(phaseText(tab({ node_ending: true, phase: 'reconnecting' })).text).toContain('when the node does')
  })

  it('counts what still runs while paused or leaving', () => {
    expect(phaseText(tab({ paused: true, running: [attempt] })).text).toContain('1 tool still finishing')
    expect(phaseText(tab({ phase: 'draining', running: [attempt, attempt] })).text).toContain('2 tools')
    expect(phaseText(tab({ phase: 'draining' })).text).toContain('last results')
  })
})
