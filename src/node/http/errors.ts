import { ToolmeshError } from '../../shared/errors.ts'

/** Nothing is served at this path. */
export class PathNotFoundError extends ToolmeshError {
  constructor(path: string) {
    super('not_found', `nothing is served at ${path}`)
  }
}

/** The path exists and does not take this method (HTTP 405). */
export class MethodNotAllowedError extends ToolmeshError {
  readonly allow: readonly string[]

  constructor(method: string, allow: readonly string[]) {
    super('invalid_input', `${method} is not allowed here`, { field: 'method', allowed: allow.join(', ') })
    this.allow = allow
  }
}

/** A request's body is larger than the limit. */
export class BodyTooLargeError extends ToolmeshError {
  constructor(limitBytes: number) {
    super('frame_too_large', `the body is larger than ${limitBytes} bytes`, {
      allowed: `${limitBytes} bytes`,
    })
  }
}

/** The server cannot listen: the port is in use, or not to be had. */
export class ListenError extends ToolmeshError {
  constructor(host: string, port: number, cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    const atHost = NO_SUCH_ADDRESS.has(code)
    super('conflict', `cannot listen on ${host} port ${port}: ${reasonOf(code, cause)}`, {
      field: atHost ? 'http.host' : 'http.port',
      value: atHost ? host : port,
      cause,
    })
  }
}

/** An address that the machine does not have: Node's code, and Deno's. */
const NO_SUCH_ADDRESS = new Set<unknown>(['EADDRNOTAVAIL', 'EINVAL'])

function reasonOf(code: unknown, cause: unknown): string {
  if (code === 'EADDRINUSE') return 'the port is in use (another toolmesh? choose one with --port)'
  if (code === 'EACCES') return 'this user may not use that port (choose one above 1023)'
  if (NO_SUCH_ADDRESS.has(code)) return 'this machine has no such address'
  return cause instanceof Error ? cause.message : String(cause)
}

/** A certificate or key file cannot be read or used. */
export class TlsFileError extends ToolmeshError {
  constructor(path: string, problem: string, cause?: unknown) {
    super('invalid_input', `${path} ${problem}`, { field: 'http.tls', value: path, cause })
  }
}
