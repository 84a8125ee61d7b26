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

/** A session asked for more subscriptions than it may hold. */
export class TooManySubscriptionsError extends ToolmeshError {
  constructor(max: number) {
    super('rate_limited', `a session may hold at most ${max} subscriptions`, {
      allowed: `at most ${max}`,
      retryable: false,
    })
  }
}

/** A peer answered what is not the protocol, or refused a method without saying why in our terms. */
export class PeerAnswerError extends ToolmeshError {
  constructor(peerId: string, method: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super('unavailable', `${peerId} did not answer ${method} as it should: ${reason}`, { cause })
  }
}

/** A peer did not answer in time. */
export class PeerTimeoutError extends ToolmeshError {
  constructor(peerId: string, method: string, timeoutMs: number) {
    super('timed_out', `${peerId} did not answer ${method} within ${timeoutMs} ms`)
  }
}

/** A peer that has not announced itself here was asked to run our work, or the other way round. */
export class NotAnnouncedError extends ToolmeshError {
  constructor(what: string) {
    super('forbidden', `${what} is answered only to the peer that this one announced itself to`)
  }
}
