import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js'
import { describe, expect, it } from 'vitest'
import { lossOf, MeshAnswerError, openingLossOf } from './mesh-session.ts'

describe('lossOf', () => {
  it('tells a session that the node forgot, as after a restart', () => {
    expect(lossOf(new StreamableHTTPError(404, 'Session not found'))).toMatchObject({ kind: 'lost' })
  })

  it('tells a missing credential from a lost node', () => {
    expect(lossOf(new StreamableHTTPError(401, ''))).toEqual({ kind: 'unauthenticated' })
    expect(lossOf(new TypeError('Failed to fetch'))).toMatchObject({ kind: 'lost' })
  })

  it('takes a request without an answer as a lost node, and a refused request not', () => {
    expect(lossOf(new McpError(ErrorCode.RequestTimeout, 'Request timed out'))).toMatchObject({
      kind: 'lost',
    })
    expect(lossOf(new McpError(-32_001, 'needs the role admin'))).toBeUndefined()
    expect(lossOf(new StreamableHTTPError(429, ''))).toBeUndefined()
    expect(lossOf(new MeshAnswerError('not_found', 'no such task'))).toBeUndefined()
  })
})

describe('openingLossOf', () => {
  it('is a refusal where the node does not let this caller read', () => {
    expect(openingLossOf(new McpError(-32_001, 'needs the role read'))).toEqual({
      kind: 'refused',
      message: 'This access is not enough: needs the role read.',
    })
    expect(openingLossOf(new StreamableHTTPError(403, ''))).toMatchObject({ kind: 'refused' })
  })

  it('is worth another try where the node is only busy', () => {
    expect(openingLossOf(new StreamableHTTPError(429, ''))).toMatchObject({ kind: 'lost' })
  })
})
