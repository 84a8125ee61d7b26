import { ToolmeshError } from '../../../errors.ts'

/** GitHub asks to wait: its primary limit (so many requests an hour) or a secondary one. */
export class GithubRateLimitError extends ToolmeshError {
  constructor(waitMs: number) {
    super('rate_limited', `GitHub takes no more requests for ${Math.ceil(waitMs / 1000)} s`, {
      retry_after_ms: waitMs,
    })
  }
}

/** The token is refused, or there is none where one is needed. */
export class GithubTokenError extends ToolmeshError {
  constructor(status: number, request: string) {
    super(status === 401 ? 'unauthenticated' : 'forbidden', `GitHub refused ${request} (HTTP ${status})`, {
      field: 'discovery.github.token',
      allowed: 'a token that may read, and write comments in, the issues of the repository',
    })
  }
}

/** The repository, the issue or the comment is not there, or not for this token. */
export class GithubNotFoundError extends ToolmeshError {
  constructor(request: string) {
    super('not_found', `GitHub knows nothing at ${request}`, { field: 'discovery.github.repository' })
  }
}

/** No open issue carries the marker of the namespace. */
export class NoRegistryIssueError extends ToolmeshError {
  constructor(repository: string, marker: string) {
    super('not_found', `no open issue of ${repository} has the line ${marker}`, {
      field: 'discovery.github.issue',
      value: 0,
      allowed: `the number of an issue, or an open issue whose text has the line ${marker}`,
    })
  }
}

/** An answer that the API does not give when all is well. */
export class GithubAnswerError extends ToolmeshError {
  constructor(request: string, why: string) {
    super('unavailable', `GitHub answered ${request} with ${why}`)
  }
}
