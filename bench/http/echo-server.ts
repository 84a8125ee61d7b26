/** The rival: a bare streamable HTTP server of the SDK with one echo tool and sessions; prints its URL. */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { z } from 'zod'

const sessions = new Map<string, StreamableHTTPServerTransport>()

const server = createServer(async (request, response) => {
  const id = request.headers['mcp-session-id']
  const open = typeof id === 'string' ? sessions.get(id) : undefined
  await (open ?? (await newSession())).handleRequest(request, response)
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  process.stdout.write(`http://127.0.0.1:${address.port}\n`)
})

async function newSession(): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: id => {
      sessions.set(id, transport)
    },
  })
  const mcp = new McpServer({ name: 'echo', version: '1' })
  const shape = { text: z.string() }
  mcp.registerTool('echo', { inputSchema: shape, outputSchema: shape }, ({ text }) => ({
    content: [{ type: 'text', text }],
    structuredContent: { text },
  }))
  await mcp.connect(transport)
  return transport
}
