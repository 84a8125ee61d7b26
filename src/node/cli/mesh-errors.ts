/** What went wrong between a command and its node, as the error that the command ends with. */
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpError } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { errorFromFacts, ToolmeshError } from '../../shared/errors.ts'
import { errorFacts } from '../../shared/mcp/error-facts.ts'
import { CredentialError, NoNodeError, NotANodeError } from './errors.ts'

const resultSchema = z.object({
  structuredContent: z.unknown().optional(),
  content: z.array(z.object({ type: z.string(), text: z.string().optional() })).default([]),
})

/** The error that a tool's result with `isError` stands for. */
export function resultError(result: unknown): ToolmeshError {
  const { structuredContent, content } = resultSchema.parse(result)
  const facts = errorFacts.safeParse(structuredContent)
  if (facts.success) return errorFromFacts(facts.data)
  return new ToolmeshError('tool_failed', content.map(({ text }) => text ?? '').join('\n'))
}

/** The error that a failure of the MCP client stands for; one that already has a code is left alone. */
export function clientError(error: unknown, url: string): unknown {
  if (error instanceof ToolmeshError) return error
  if (error instanceof UnauthorizedError) return credentialError('unauthenticated', url, error)
  if (error instanceof StreamableHTTPError) return httpError(error, url)
  if (error instanceof McpError) return protocolError(error, url)
  // What follows the words is the platform's own: Deno names a port that fetch never asks.
  const refused = error instanceof TypeError && /^fetch failed/i.test(error.message)
  return refused ? new NoNodeError(url, error) : error
}

function httpError(error: StreamableHTTPError, url: string): ToolmeshError {
  if (error.code === 401) return credentialError('unauthenticated', url, error)
  if (error.code === 403) return credentialError('forbidden', url, error)
  return new NotANodeError(url, error.message.split('\n')[0] ?? error.message, error)
}

function protocolError(error: McpError, url: string): ToolmeshError {
  const facts = errorFacts.safeParse(error.data)
  if (facts.success) return errorFromFacts(facts.data)
  return new NotANodeError(url, error.message, error)
}

function credentialError(code: 'unauthenticated' | 'forbidden', url: string, cause: Error): CredentialError {
  const message = code === 'unauthenticated' ? 'needs a credential' : 'this credential may not do that'
  return new CredentialError(code, url, message, cause)
}
