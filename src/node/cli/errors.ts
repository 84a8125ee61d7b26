import { ERROR_TABLE, ToolmeshError } from '../../shared/errors.ts'

/** A command line that no command understands. */
export class UsageError extends ToolmeshError {
  constructor(message: string, allowed?: string) {
    super('invalid_input', message, allowed === undefined ? {} : { allowed })
  }
}

/** Nothing answers at the URL. */
export class NoNodeError extends ToolmeshError {
  constructor(url: string, cause: unknown) {
    super('unavailable', `no node at ${url}: start one with \`npm start\``, {
      field: 'url',
      value: url,
      cause,
    })
  }
}

/** Something answers at the URL that does not speak MCP as a node does. */
export class NotANodeError extends ToolmeshError {
  constructor(url: string, reason: string, cause: unknown) {
    super('unavailable', `${url} does not answer as a toolmesh node: ${reason}`, {
      field: 'url',
      value: url,
      retryable: false,
      cause,
    })
  }
}

/** The node wants a credential, or a better one. */
export class CredentialError extends ToolmeshError {
  constructor(code: 'unauthenticated' | 'forbidden', url: string, message: string, cause: unknown) {
    const hint =
      code === 'unauthenticated' ? 'give one with --token or TOOLMESH_TOKEN' : 'use one with another role'
    super(code, `${url}: ${message}; ${hint}`, { field: 'token', cause })
  }
}

/** The tools or the pages of a checkout could not be built; the build said why on the standard error output. */
export class BuildFailedError extends ToolmeshError {
  constructor() {
    super('internal', 'the tools or pages could not be built: see above, or run `npm run build`')
  }
}

/** Exit status by the table of src/shared/errors.ts; 1 for what is not ours. */
export function exitStatusOf(error: unknown): number {
  return error instanceof ToolmeshError ? ERROR_TABLE[error.code].exit : 1
}
