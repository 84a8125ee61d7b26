import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../shared/clock.ts'
import { createSurface } from '../shared/mcp/create-surface.ts'
import { routerOf, textCatalogue } from '../shared/mcp/text-tools.fixture.ts'
import { serveStdio } from './stdio.ts'

function surface() {
  return createSurface({
    name: 'test',
    version: '1',
    catalogue: textCatalogue,
    router: routerOf({
      async text_echo({ input }) {
        await new Promise(resolve => setImmediate(resolve))
        return input
      },
    }),
    clock: systemClock,
  })
}

const initialize = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
}

describe('MCP on stdio', () => {
  it('answers a line for each request, writes nothing else, and ends with its input', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()]
    const served = serveStdio(surface(), { input, output })
    const call = { name: 'text_echo', arguments: { text: 'hé' } }
    input.write(`${JSON.stringify(initialize)}\n`)
    input.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`)
    // As a shell pipe does: its end comes with the last request.
    input.end(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call })}\n`)
    const lines: unknown[] = []
    let text = ''
    for await (const chunk of output) {
      text += String(chunk)
      const complete = text.split('\n')
      text = complete.pop() ?? ''
      lines.push(...complete.map(line => JSON.parse(line)))
      if (lines.length === 2) break
    }
    expect(lines).toMatchObject([
      { id: 0, result: { serverInfo: { name: 'test' } } },
      { id: 1, result: { structuredContent: { text: 'hé' } } },
    ])
    expect(text).toBe('')
    await served
  })

  it('survives a line that is no JSON', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()]
    const served = serveStdio(surface(), { input, output })
    input.write('not json\n')
    input.write(`${JSON.stringify(initialize)}\n`)
    for await (const chunk of output) {
      expect(JSON.parse(String(chunk))).toMatchObject({ id: 0 })
      break
    }
    input.end()
    await served
  })
})
