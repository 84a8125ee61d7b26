/** A peer in a process of its own: prints where it listens, serves tools on the session that comes, ends with its input. */
import { z } from 'zod'
import { tcpHost } from '../../shared/mesh/mesh-pair.fixture.ts'
import { mcpSide, type ToolFn } from '../../shared/mesh/session.fixture.ts'

const textSchema = z.object({ text: z.string() })

/** A moment that two processes of one machine can compare, ms. */
const moment = () => performance.timeOrigin + performance.now()

const host = await tcpHost()
host.onSession(async session => {
  const cancelledAt: number[] = []
  const tools: Record<string, ToolFn> = {
    echo: async (_, { text }) => ({ text }),
    async wait(_, __, { signal }) {
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
      cancelledAt.push(moment())
      return {}
    },
    /** When each `wait` was cancelled, in the order of the calls. */
    cancels: async () => ({ at: cancelledAt }),
    /** Sends a text of so many letters to the caller's `echo` and says whether it came back. */
    async send(_, { letters }) {
      const text = 'abcdefghijkl'.repeat(Number(letters) / 12)
      const { structuredContent } = await side.client.callTool({ name: 'echo', arguments: { text } })
      return { same: textSchema.parse(structuredContent).text === text }
    },
  }
  const unknown: ToolFn = name => Promise.reject(new Error(`no tool ${name}`))
  const side = await mcpSide(session, 'far', (name, ...rest) => (tools[name] ?? unknown)(name, ...rest))
})
process.stdout.write(`${JSON.stringify({ peerId: host.peerId, addresses: host.addresses() })}\n`)
process.stdin.resume().once('end', () => process.exit(0))
