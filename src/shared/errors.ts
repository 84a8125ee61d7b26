/**
 * The base of every error that a caller may see, and the one table that says what each code becomes on
 * each surface (JSON-RPC, HTTP, process exit). Each part keeps its own error classes in its `errors.ts`.
 */

/** What one code becomes outside. `jsonrpc: 'result'` means: not a protocol error, an MCP result with `isError`. */
export interface ErrorMapping {
  jsonrpc: number | 'result'
  /** HTTP status where the error is answered on plain HTTP (not inside an MCP result). */
  http: number
  /** Exit status of a command that ends with it. */
  exit: number
  retryable: boolean
}

/** Every stable code, see docs/PROTOCOL.md "Errors". */
export const ERROR_TABLE = {
  invalid_input: { jsonrpc: 'result', http: 400, exit: 2, retryable: false },
  not_found: { jsonrpc: 'result', http: 404, exit: 1, retryable: false },
  conflict: { jsonrpc: 'result', http: 409, exit: 1, retryable: false },
  stale_fence: { jsonrpc: 'result', http: 409, exit: 1, retryable: false },
  expired: { jsonrpc: 'result', http: 410, exit: 1, retryable: false },
  cancelled: { jsonrpc: 'result', http: 409, exit: 1, retryable: false },
  outcome_unknown: { jsonrpc: 'result', http: 409, exit: 1, retryable: false },
  tool_failed: { jsonrpc: 'result', http: 500, exit: 1, retryable: true },
  timed_out: { jsonrpc: 'result', http: 504, exit: 1, retryable: true },
  internal: { jsonrpc: 'result', http: 500, exit: 1, retryable: false },
  no_runtime: { jsonrpc: 'result', http: 503, exit: 4, retryable: true },
  owner_unreachable: { jsonrpc: 'result', http: 503, exit: 4, retryable: true },
  unavailable: { jsonrpc: 'result', http: 503, exit: 4, retryable: true },
  unauthenticated: { jsonrpc: -32001, http: 401, exit: 3, retryable: false },
  forbidden: { jsonrpc: -32001, http: 403, exit: 3, retryable: false },
  queue_full: { jsonrpc: -32005, http: 429, exit: 4, retryable: true },
  rate_limited: { jsonrpc: -32005, http: 429, exit: 4, retryable: true },
  frame_too_large: { jsonrpc: -32003, http: 413, exit: 1, retryable: false },
  bad_frame: { jsonrpc: -32003, http: 400, exit: 1, retryable: false },
} as const satisfies Record<string, ErrorMapping>

export type ErrorCode = keyof typeof ERROR_TABLE

/** One of several things that are wrong with an input. */
export type Fault = {
  /** JSON Pointer below the input. */
  field: string
  message: string
  /** The value that was given, shortened. */
  value?: unknown
  /** What is allowed instead, for a person to read. */
  allowed?: string
}

/** What a caller is told of an error: JSON, the same on every surface. */
export interface ErrorFacts {
  code: ErrorCode
  message: string
  retryable: boolean
  /** The field at fault, as a JSON Pointer below the input or as a setting's name. */
  field?: string
  /** The value that was given, shortened. */
  value?: unknown
  /** What is allowed instead, for a person to read. */
  allowed?: string
  /** For `queue_full` and `rate_limited`: milliseconds to wait before another try. */
  retry_after_ms?: number
  /** All that is wrong, where it was looked at as a whole; `field`, `value` and `allowed` are of the first. */
  faults?: Fault[]
}

export interface ErrorDetails {
  field?: string
  value?: unknown
  allowed?: string
  faults?: Fault[]
  retryable?: boolean
  retry_after_ms?: number
  cause?: unknown
}

/** An error with a stable code that may be shown to a caller. */
export class ToolmeshError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = new.target.name
    this.code = code
    this.details = details
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return this.details.retryable ?? ERROR_TABLE[this.code].retryable
  }

  toFacts(): ErrorFacts {
    const { field, value, allowed, retry_after_ms, faults } = this.details
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...(field === undefined ? {} : { field }),
      ...(value === undefined ? {} : { value: shorten(value) }),
      ...(allowed === undefined ? {} : { allowed }),
      ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
      ...(faults === undefined ? {} : { faults }),
    }
  }
}

/** Input that does not fit: names the field, the value (but never that of a secret) and what is allowed. */
export class InvalidInputError extends ToolmeshError {
  constructor(field: string, value: unknown, allowed: string) {
    const hidden = value !== undefined && SECRET_FIELD.test(field)
    const got = hidden
      ? 'got a value that is not shown'
      : value === undefined
        ? 'missing'
        : `got ${preview(value)}`
    super('invalid_input', `${field || 'input'}: ${got}, allowed: ${allowed}`, {
      field,
      allowed,
      ...(hidden ? {} : { value }),
    })
  }

  /** As one of the faults of a whole. */
  toFault(): Fault {
    const { field = '', value, allowed } = this.toFacts()
    return {
      field,
      message: this.message,
      ...(value === undefined ? {} : { value }),
      ...(allowed === undefined ? {} : { allowed }),
    }
  }
}

/** Fields that hold a credential: what is typed there is nobody's to repeat, in an answer or in a log. */
const SECRET_FIELD = /(^|[/.])(secret|invite|token)$/i

/** The facts of any thrown value; an error that is not ours is `internal` and shows only its message. */
export function factsOf(error: unknown): ErrorFacts {
  if (error instanceof ToolmeshError) return error.toFacts()
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'internal', message, retryable: false }
}

/** The error that facts from another peer or process stand for. */
export function errorFromFacts(facts: ErrorFacts): ToolmeshError {
  const { code, message, ...details } = facts
  return new ToolmeshError(Object.hasOwn(ERROR_TABLE, code) ? code : 'internal', message, details)
}

const PREVIEW_CHARS = 120

function preview(value: unknown): string {
  const text = textOf(value)
  return text.length > PREVIEW_CHARS ? `${text.slice(0, PREVIEW_CHARS)}…` : text
}

function shorten(value: unknown): unknown {
  const text = preview(value)
  return text.endsWith('…') ? text : value
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    // Nested deeper than the stack: what is told of an error must not fail by it.
    return 'a value nested too deeply…'
  }
}
