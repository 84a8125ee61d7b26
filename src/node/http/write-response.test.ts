import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, it } from 'vitest'
import { writeResponse } from './write-response.ts'

it('cancels the stream of a client that has gone before there was an answer', async () => {
  const cancelled = Promise.withResolvers<string>()
  const response = new Response(new ReadableStream({ cancel: () => cancelled.resolve('cancelled') }))
  const server = createServer(async (_, outgoing) => {
    const closed = once(outgoing, 'close')
    client.destroy()
    await closed
    await writeResponse(response, outgoing)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect(port, '127.0.0.1')
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect(await cancelled.promise).toBe('cancelled')
  server.close()
})
