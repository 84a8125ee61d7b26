/** Prints how long the answer to two messages takes, ms: by the runtime's own WebSocket, and by ours. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { undelayedWebSocket } from './undelayed-websocket.ts'

const ROUNDS = 9

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
server.on('connection', socket => {
  let messages = 0
  socket.on('message', () => {
    messages += 1
    if (messages % 2 === 0) socket.send('answer')
  })
})
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const url = `ws://127.0.0.1:${port}`

type Client = Pick<WebSocket, 'send' | 'close'> & {
  addEventListener(type: 'open' | 'message', listener: () => void, options: { once: boolean }): void
}

/** The median of some rounds. */
async function answerMs(client: Client): Promise<number> {
  await new Promise<void>(resolve => client.addEventListener('open', resolve, { once: true }))
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const answered = new Promise<void>(resolve => client.addEventListener('message', resolve, { once: true }))
    const sentAt = performance.now()
    client.send('one')
    client.send('two')
    await answered
    times.push(performance.now() - sentAt)
  }
  client.close()
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0
}

const own = await answerMs(new WebSocket(url))
const undelayed = await answerMs(undelayedWebSocket(url))
process.stdout.write(`${JSON.stringify({ own, undelayed })}\n`)
process.exit(0)
