import process from 'node:process'
import type { Readable, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import type { Principal } from '../shared/authority/principal.ts'
import { type Logger, silentLogger } from '../shared/logger.ts'
import { serveSurface } from '../shared/mcp/binding/serve-surface.ts'
import type { Surface } from '../shared/mcp/surface.ts'

/** Who starts the process is who speaks on its stdio: the same person, with all rights. */
const LOCAL: Principal = { id: 'local', roles: new Set(['admin']) }

/** Largest message in, bytes: as large as the largest frame between peers. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

export interface ServeStdioOptions {
  principal?: Principal
  logger?: Logger
  input?: Readable
  output?: Writable
}

/**
 * Serves MCP on stdin and stdout; nothing else may write to stdout meanwhile. Resolves when the client has closed our
 * stdin, which ends a stdio session (MCP "Lifecycle: shutdown"), and all it asked is answered; or when it closed its
 * end of stdout.
 */
export async function serveStdio(surface: Surface, options: ServeStdioOptions = {}): Promise<void> {
  const { principal = LOCAL, logger = silentLogger, input = process.stdin, output = process.stdout } = options
  const transport = new StdioServerTransport(input, output, { maxBufferSize: MAX_MESSAGE_BYTES })
  const served = await serveSurface(surface, { transport, principal: () => principal, logger })
  // The SDK's transport does not look for the end of its input.
  input.once('end', async () => {
    // What was read last is handed on, and what was answered last is written, in a turn of its own.
    await setImmediate()
    await served.idle()
    await setImmediate()
    await served.close()
  })
  output.once('error', () => void served.close())
  await served.closed
}
