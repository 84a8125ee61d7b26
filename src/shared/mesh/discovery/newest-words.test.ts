import { expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { announcementOf } from '../peers/peers.fixture.ts'
import { NewestWords } from './newest-words.ts'

it('lets newer words pass at once, the same ones again after a while, and older ones never', async () => {
  const clock = new ManualClock()
  const words = new NewestWords(clock)
  const isNews = (seq: number) => words.isNews(announcementOf('p', { seq }))
  expect([isNews(2), isNews(2), isNews(3), isNews(2)]).toEqual([true, false, true, false])
  await clock.advance(50_000)
  expect([isNews(2), isNews(3), isNews(3)]).toEqual([false, true, false])
})

it('remembers ten thousand peers', () => {
  const words = new NewestWords(new ManualClock())
  for (let n = 0; n <= 10_000; n++) words.isNews(announcementOf(`p${n}`))
  expect(words.isNews(announcementOf('p1'))).toBe(false)
  expect(words.isNews(announcementOf('p0'))).toBe(true)
})
