import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { CallToolRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterEach, describe, expect, it } from 'vitest'
import type { MeshHost, MeshHostOptions } from './host-contract.ts'
import { openSession, tcpHost } from './mesh-pair.fixture.ts'
import type { Session } from './session-contract.ts'

const hosts: MeshHost[] = []

async function host(options: Partial<MeshHostOptions> = {}): Promise<MeshHost> {
  const made = await tcpHost(options)
  hosts.push(made)
  return made
}

afterEach(async () => {
  await Promise.all(hosts.splice(0).map(made => made.close()))
})

/** An MCP client and a server that answers `tools/call` with the name of its side. */
async function mcpOn(session: Session, name: string): Promise<Client> {
  const server = new Server({ name, version: '1' }, { capabilities: { tools: {} } })
  server.setRequestHandler(CallToolRequestSchema, async request => ({
    content: [{ type: 'text', text: `${name} ${request.params.name}` }],
  }))
  await server.connect(session.serverTransport)
  const client = new Client({ name, version: '1' })
  await client.connect(session.clientTransport)
  return client
}

describe('mesh host', () => {
  it('lets an SDK client and server on each side of one session call each other', async () => {
    const { dialled, accepted } = await openSession(await host(), await host())
    const [left, right] = await Promise.all([mcpOn(dialled, 'left'), mcpOn(accepted, 'right')])
    const [fromRight, fromLeft] = await Promise.all([
      left.callTool({ name: 'echo' }),
      right.callTool({ name: 'echo' }),
    ])
    expect(fromRight.content).toEqual([{ type: 'text', text: 'right echo' }])
    expect(fromLeft.content).toEqual([{ type: 'text', text: 'left echo' }])
    expect([dialled.path, dialled.direction, accepted.direction]).toEqual(['tcp', 'outbound', 'inbound'])
  })
})
