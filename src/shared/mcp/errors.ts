import { ToolmeshError } from '../errors.ts'

/** `tools/call` named a tool that is not there: a protocol error (JSON-RPC -32602, MCP "Tools: error handling"). */
export class UnknownToolError extends ToolmeshError {
  constructor(name: string, suggestion?: string) {
    const hint = suggestion === undefined ? 'find tools with tools_search' : `did you mean ${suggestion}?`
    super('not_found', `unknown tool ${JSON.stringify(name)}; ${hint}`, {
      field: 'name',
      value: name,
      ...(suggestion === undefined ? {} : { allowed: suggestion }),
    })
  }
}

/** No resource has this URI, or the caller may not know of it. */
export class UnknownResourceError extends ToolmeshError {
  constructor(uri: string) {
    super('not_found', `no resource ${uri}`, { field: 'uri', value: uri })
  }
}

/** A task, invite or peer with this id is not there, or the caller may not know of it. */
export class UnknownIdError extends ToolmeshError {
  constructor(kind: 'task' | 'invite' | 'peer', id: string) {
    super('not_found', `no ${kind} ${id}`, { value: id })
  }
}

/** A session asked for more subscriptions than it may hold. */
export class TooManySubscriptionsError extends ToolmeshError {
  constructor(max: number) {
    super('rate_limited', `a session may hold at most ${max} subscriptions`, {
      allowed: `at most ${max}`,
      retryable: false,
    })
  }
}

/** The session with a peer ended, or answered what is not the protocol, before the answer came. */
export class LinkLostError extends ToolmeshError {
  constructor(peerId: string, cause?: unknown) {
    super('unavailable', `the session with ${peerId} ended before the answer came`, { cause })
  }
}
