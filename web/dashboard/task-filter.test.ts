import { describe, expect, it } from 'vitest'
import { filterChoices } from './task-filter.ts'

const NONE = { scheduled: 0, queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 }

describe('filterChoices', () => {
  it('offers the common states always and counts all', () => {
    const choices = filterChoices({ ...NONE, queued: 2, succeeded: 3 }, 'all')
    expect(choices.map(({ filter }) => filter)).toEqual(['all', 'queued', 'running', 'succeeded', 'failed'])
    expect(choices[0]).toEqual({ filter: 'all', count: 5 })
  })

  it('offers a rare state when there is such a task, or while it is chosen', () => {
    expect(filterChoices({ ...NONE, expired: 1 }, 'all').at(-1)).toEqual({ filter: 'expired', count: 1 })
    expect(filterChoices(NONE, 'cancelled').at(-1)).toEqual({ filter: 'cancelled', count: 0 })
  })
})
