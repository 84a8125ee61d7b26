import { describe, expect, it, vi } from 'vitest'
import { Announcer } from './announcer.ts'

function makeAnnouncer() {
  let credits = 2
  const answers: PromiseWithResolvers<void>[] = []
  const sent: number[] = []
  const onFailure = vi.fn()
  const announcer = new Announcer({
    send(announcement) {
      sent.push(announcement.credits)
      const answer = Promise.withResolvers<void>()
      answers.push(answer)
      return answer.promise
    },
    current: () => ({ instance_id: 'i', tools: [], labels: [], credits }),
    onFailure,
  })
  const set = (value: number) => {
    credits = value
    announcer.changed()
  }
  return { announcer, answers, sent, set, onFailure }
}

const settle = () => new Promise(resolve => setTimeout(resolve, 0))

describe('Announcer', () => {
  it('says nothing before the first announcement, and nothing that the node knows', async () => {
    const { announcer, answers, sent, set } = makeAnnouncer()
    set(3)
    expect(sent).toEqual([])
    const first = announcer.announce()
    answers[0]?.resolve()
    await first
    set(3)
    expect(sent).toEqual([3])
  })

  it('sends one at a time, and then only the latest', async () => {
    const { announcer, answers, sent, set } = makeAnnouncer()
    const first = announcer.announce()
    set(5)
    set(0)
    expect(sent).toEqual([2])
    answers[0]?.resolve()
    await first
    expect(sent).toEqual([2, 0])
  })

  it('reports a later announcement that fails', async () => {
    const { announcer, answers, set, onFailure } = makeAnnouncer()
    const first = announcer.announce()
    answers[0]?.resolve()
    await first
    set(1)
    answers[1]?.reject(new Error('refused'))
    await settle()
    expect(onFailure).toHaveBeenCalledOnce()
  })
})
