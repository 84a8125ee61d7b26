import { describe, expect, it } from 'vitest'
import { openTestQueue, work } from '../queue.fixture.ts'
import { parseScheduleSpec } from '../schedules/schedule-spec.ts'
import type { TaskRequest } from '../task.ts'

/** As it comes from a client; JSON.parse goes as deep as it must. */
const nested = (levels: number) => JSON.parse(`{"deep":${'['.repeat(levels)}${']'.repeat(levels)}}`)

async function receiptOf(request: TaskRequest) {
  const { queue } = await openTestQueue()
  const [receipt] = await queue.submit('alice', [request])
  return { queue, receipt }
}

describe('an odd request', () => {
  it.each([
    ['deeply', 3_000],
    ['deeper than a stack', 100_000],
  ])('nested %s is refused by the name of its field', async (_, levels) => {
    const deep = nested(levels)
    const refused = (field: string) => ({ error: { code: 'invalid_input', field } })
    expect((await receiptOf(work(1, { metadata: deep }))).receipt).toMatchObject(refused('/metadata'))
    expect((await receiptOf({ tool: 'work', params: deep })).receipt).toMatchObject(refused('/params'))
    const { queue, receipt } = await receiptOf(work(1))
    if (receipt === undefined || 'error' in receipt) throw new Error('not taken')
    await expect(queue.update(receipt.task_id, { metadata: deep })).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field: '/metadata' },
    })
    const spec = { name: 'odd', cron: '* * * * *', task: { tool: 'work', params: deep } }
    expect(() => parseScheduleSpec(spec)).toThrow(/\/task: .*levels of nesting/)
  })

  it('with a key of half a character is refused, as the store would take it for another', async () => {
    const { receipt } = await receiptOf(work(1, { idempotency_key: 'a\ud800' }))
    expect(receipt).toMatchObject({ error: { code: 'invalid_input', field: '/idempotency_key' } })
    const spec = { name: 'a\ud800', cron: '* * * * *', task: work(1) }
    expect(() => parseScheduleSpec(spec)).toThrow(/\/name/)
  })

  it('has no label that would be left out', async () => {
    const { receipt } = await receiptOf(work(1, { labels: JSON.parse('{"__proto__":"x"}') }))
    expect(receipt).toMatchObject({ error: { code: 'invalid_input', field: '/labels' } })
  })

  it('keeps metadata whatever its names are', async () => {
    const metadata = JSON.parse('{"__proto__":{"a":1},"constructor":2,"\\u0000":"\\ud800"}')
    const { queue, receipt } = await receiptOf(work(1, { metadata }))
    if (receipt === undefined || 'error' in receipt) throw new Error('not taken')
    expect(JSON.stringify((await queue.get(receipt.task_id)).metadata)).toBe(JSON.stringify(metadata))
  })
})

describe('a list of states', () => {
  it('names a task once, however often a state is named', async () => {
    const { queue, receipt } = await receiptOf(work(1))
    if (receipt === undefined || 'error' in receipt) throw new Error('not taken')
    await queue.cancel(receipt.task_id, 'no need')
    const { tasks } = await queue.list({ state: ['cancelled', 'cancelled'], sort: 'ended' })
    expect(tasks).toHaveLength(1)
  })
})
