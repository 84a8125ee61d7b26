import { describe, expect, it } from 'vitest'
import { AT, headOf, lease, settle, submit } from '../states/commands.fixture.ts'
import type { Command } from '../states/commands.ts'
import type { QueueStore, TaskFilter } from './store.ts'

/** What every driver of QueueStore holds about lists. */
export function listCompliance(storeOf: () => QueueStore): void {
  describe('its lists', () => {
    /** All pages of a list. */
    const pagesOf = async (filter: Partial<TaskFilter> = {}): Promise<string[]> => {
      const found: string[] = []
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await storeOf().list({
          limit: 7,
          order: 'oldest',
          ...filter,
          ...(cursor === undefined ? {} : { cursor }),
        })
        found.push(...page.tasks.map(task => task.task_id))
        cursor = page.next_cursor
      }
      return found
    }
    const ids = Array.from({ length: 40 }, (_, index) => `t${index}`)
    const numberOf = (id: string) => Number(id.slice(1))

    /** Even and odd ones differ by tool, each fourth by its submitter; t0 to t9 ended, t10 and t11 run. */
    async function fill(): Promise<void> {
      await storeOf().apply(
        ids.map((id, index) =>
          submit(
            headOf(id, {
              tool: index % 2 ? 'odd' : 'even',
              principal: index % 4 ? 'alice' : 'bob',
              labels: { tens: String(Math.floor(index / 10)), parity: index % 2 ? 'odd' : 'even' },
              created_at: AT + index * 60_000,
              ...(index === 39 ? { run_at: AT + 9 } : {}),
            }),
          ),
        ),
      )
      const ended = ids.slice(0, 10).flatMap((id, index): Command[] => {
        const at = AT + 1_000 - index
        if (index % 5 === 4) return [{ kind: 'cancel', task_id: id, at, reason: 'no' }]
        return [lease(id), { ...settle(id, 1), at }]
      })
      await storeOf().apply([...ended, lease('t10'), lease('t11')])
    }

    it('go by the order of making, both ways, in pages', async () => {
      await fill()
      expect(await pagesOf()).toEqual(ids)
      expect(await pagesOf({ order: 'newest', limit: 10 })).toEqual(ids.toReversed())
      expect(await pagesOf({ limit: 40 })).toEqual(ids)
      const page = await storeOf().list({ limit: 40, order: 'newest' })
      expect(page).not.toHaveProperty('next_cursor')
      expect(page.tasks[0]).not.toHaveProperty('params')
    })

    it('go by every filter, alone and with others', async () => {
      await fill()
      const where = (isWanted: (n: number) => boolean) => ids.filter(id => isWanted(numberOf(id)))
      expect(await pagesOf({ states: ['succeeded'] })).toEqual(where(n => n < 10 && n % 5 !== 4))
      expect(await pagesOf({ states: ['cancelled', 'running'] })).toEqual(['t4', 't9', 't10', 't11'])
      expect(await pagesOf({ states: ['running'] })).toEqual(['t10', 't11'])
      expect(await pagesOf({ states: ['running'], tool: 'odd' })).toEqual(['t11'])
      expect(await pagesOf({ states: ['scheduled'] })).toEqual(['t39'])
      expect(await pagesOf({ states: ['failed'] })).toEqual([])
      expect(await pagesOf({ states: [] })).toEqual([])
      expect(await pagesOf({ tool: 'odd' })).toEqual(where(n => n % 2 === 1))
      expect(await pagesOf({ tool: 'odd', states: ['queued'] })).toEqual(
        where(n => n % 2 === 1 && n > 11 && n < 39),
      )
      expect(await pagesOf({ principal: 'bob', order: 'newest' })).toEqual(
        where(n => n % 4 === 0).toReversed(),
      )
      expect(await pagesOf({ principal: 'bob', tool: 'odd' })).toEqual([])
      expect(await pagesOf({ principal: 'bob', tool: 'even', states: ['queued', 'cancelled'] })).toEqual(
        where(n => n % 4 === 0 && (n === 4 || n > 11)),
      )
      expect(await pagesOf({ principal: 'nobody' })).toEqual([])
      expect(await pagesOf({ labels: { tens: '2' } })).toEqual(where(n => n >= 20 && n < 30))
      expect(await pagesOf({ labels: { tens: '2', parity: 'odd' }, order: 'newest' })).toEqual(
        where(n => n >= 20 && n < 30 && n % 2 === 1).toReversed(),
      )
      expect(await pagesOf({ labels: { tens: '1' }, states: ['running'], tool: 'even' })).toEqual(['t10'])
      expect(await pagesOf({ labels: { tens: 'x' } })).toEqual([])
      expect(await pagesOf({ created_from: AT + 5 * 60_000, created_until: AT + 9 * 60_000 })).toEqual(
        where(n => n >= 5 && n < 9),
      )
      expect(await pagesOf({ created_from: AT + 60_001, tool: 'odd', order: 'newest' })).toEqual(
        where(n => n > 1 && n % 2 === 1).toReversed(),
      )
      expect(await pagesOf({ created_until: AT })).toEqual([])
    })

    it('go by the time of ending, of those that have ended', async () => {
      await fill()
      const ended = ids.slice(0, 10)
      expect(await pagesOf({ sort: 'ended', limit: 3 })).toEqual(ended.toReversed())
      expect(await pagesOf({ sort: 'ended', order: 'newest', limit: 3 })).toEqual(ended)
      expect(await pagesOf({ sort: 'ended', states: ['cancelled', 'queued'] })).toEqual(['t9', 't4'])
      expect(await pagesOf({ sort: 'ended', states: ['queued'] })).toEqual([])
      expect(await pagesOf({ sort: 'ended', tool: 'odd', labels: { tens: '0' }, order: 'newest' })).toEqual(
        ended.filter(id => numberOf(id) % 2 === 1),
      )
    })

    it('find what was made under a clock that was set back', async () => {
      const at = [AT, AT + 3_600_000, AT + 60_000, AT + 7_200_000, AT + 120_000]
      await storeOf().apply(at.map((created_at, index) => submit(headOf(`t${index}`, { created_at }))))
      expect(await pagesOf({ created_from: AT + 60_000, created_until: AT + 3_600_001 })).toEqual([
        't1',
        't2',
        't4',
      ])
    })

    it('find what was made within any two times', async () => {
      const at = Array.from({ length: 200 }, (_, index) => AT + index * 1_700 + (index % 7) * 311)
      await storeOf().apply(at.map((created_at, index) => submit(headOf(`t${index}`, { created_at }))))
      const ranges = [
        [0, 1],
        [1, 999],
        [1_700, 3_400],
        [59_000, 61_000],
        [10_000, 70_000],
        [60_000, 180_000],
        [59_999, 240_001],
      ]
      for (const [from = 0, until = 0] of ranges) {
        const range = { created_from: AT + from, created_until: AT + until }
        const wanted = at.flatMap((time, index) =>
          time >= range.created_from && time < range.created_until ? [`t${index}`] : [],
        )
        expect(await pagesOf({ ...range, limit: 50 })).toEqual(wanted)
        expect(await pagesOf({ ...range, limit: 50, order: 'newest' })).toEqual(wanted.toReversed())
      }
    })

    it('are not shifted by what comes and goes between pages', async () => {
      await fill()
      const filter = { limit: 5, states: ['queued'], order: 'oldest' } as const
      const first = await storeOf().list({ ...filter, states: [...filter.states] })
      expect(first.tasks.map(task => task.task_id)).toEqual(['t12', 't13', 't14', 't15', 't16'])
      await storeOf().apply([lease('t12'), lease('t16'), lease('t17'), submit(headOf('new'))])
      const second = await storeOf().list({
        ...filter,
        states: [...filter.states],
        cursor: first.next_cursor ?? '',
      })
      expect(second.tasks.map(task => task.task_id)).toEqual(['t18', 't19', 't20', 't21', 't22'])
    })

    it.each(['', 'x', 'c', '-1', 'c-1', 'c1.5', 'e5', `c${'9'.repeat(20)}`, 'e1.1'])(
      'refuse the cursor %j',
      async cursor => {
        await expect(storeOf().list({ limit: 5, order: 'newest', cursor })).rejects.toMatchObject({
          code: 'invalid_input',
          details: { field: '/cursor' },
        })
      },
    )

    it('find labels as they are after an update', async () => {
      await fill()
      await storeOf().apply([
        { kind: 'update', task_id: 't20', at: AT, changes: { labels: { tens: 'changed' } } },
      ])
      expect(await pagesOf({ labels: { tens: 'changed' } })).toEqual(['t20'])
      expect(await pagesOf({ labels: { tens: '2', parity: 'even' } })).toEqual(['t22', 't24', 't26', 't28'])
    })
  })
}
