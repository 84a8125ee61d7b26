import { expect, it, vi } from 'vitest'
import { tellingStreamEnd } from './stream-end.ts'

it('tells the end of a stream, and of nothing else', async () => {
  const onEnd = vi.fn()
  const answers = async () =>
    new Response('data: x\n\n', { headers: { 'content-type': 'text/event-stream' } })
  const telling = tellingStreamEnd(onEnd, answers)
  await (await telling('http://node/mcp', { method: 'POST' })).text()
  expect(onEnd).not.toHaveBeenCalled()
  const stream = await telling('http://node/mcp', { method: 'GET' })
  expect(stream.headers.get('content-type')).toBe('text/event-stream')
  expect(onEnd).not.toHaveBeenCalled()
  expect(await stream.text()).toBe('data: x\n\n')
  expect(onEnd).toHaveBeenCalledOnce()

  const refusing = tellingStreamEnd(onEnd, async () => new Response('no', { status: 405 }))
  await (await refusing('http://node/mcp', { method: 'GET' })).text()
  expect(onEnd).toHaveBeenCalledOnce()
})
