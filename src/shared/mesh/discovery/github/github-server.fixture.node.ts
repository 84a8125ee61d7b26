/**
 * A server that speaks the part of GitHub's REST API that a registry uses, as docs.github.com/rest describes it: issues and
 * their comments in pages with Link, ETag and 304, `since`, tokens, who may change what, primary and secondary limits.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface StoredComment {
  id: number
  body: string
  login: string
  updated_at: string
}

export interface GithubServer {
  url: string
  comments: StoredComment[]
  issues: { number: number; body: string; state: 'open' | 'closed'; pull_request?: object }[]
  /** `METHOD path status` of each request. */
  log: string[]
  /** Requests until the primary limit is used up, and when it begins again, epoch seconds. */
  remaining: number
  reset: number
  /** Answers the next request with 403 and this `retry-after`. */
  secondary: number | undefined
  /** Epoch milliseconds that stand in `updated_at`. */
  now: () => number
  close(): Promise<void>
}

const REPOSITORY = '/repos/mesh/registry'

/** Tokens are `token-of-<login>`; everybody may read. */
export async function githubServer(now: () => number): Promise<GithubServer> {
  const server = createServer((request, response) => void serve(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  let lastId = 1000
  const state: GithubServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    comments: [],
    issues: [],
    log: [],
    remaining: 5000,
    reset: 0,
    secondary: undefined,
    now,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', state.url)
    const text = (await request.toArray()).join('')
    const login = /^Bearer token-of-(\w+)$/.exec(request.headers.authorization ?? '')?.[1]
    const answer = (status: number, body?: unknown, headers: Record<string, string> = {}) => {
      state.log.push(`${request.method} ${url.pathname} ${status}`)
      if (status !== 304) state.remaining -= 1
      response.writeHead(status, {
        'content-type': 'application/json; charset=utf-8',
        'x-ratelimit-remaining': String(Math.max(0, state.remaining)),
        'x-ratelimit-reset': String(state.reset),
        ...headers,
      })
      response.end(body === undefined ? undefined : JSON.stringify(body))
    }
    const found = (body: unknown, link: string | undefined) => {
      const etag = `W/"${createHash('sha256').update(JSON.stringify(body)).digest('hex')}"`
      const headers = { etag, ...(link === undefined ? {} : { link }) }
      if (request.headers['if-none-match'] === etag) answer(304, undefined, headers)
      else answer(200, body, headers)
    }
    if (request.headers['user-agent'] === undefined)
      return answer(403, { message: 'Request forbidden by administrative rules.' })
    if (request.headers.authorization !== undefined && login === undefined)
      return answer(401, { message: 'Bad credentials' })
    if (state.remaining <= 0) return answer(403, { message: 'API rate limit exceeded' })
    if (state.secondary !== undefined) {
      const after = String(state.secondary)
      state.secondary = undefined
      return answer(403, { message: 'You have exceeded a secondary rate limit.' }, { 'retry-after': after })
    }
    if (!url.pathname.startsWith(`${REPOSITORY}/issues`)) return answer(404, { message: 'Not Found' })
    const [first, second, third] = url.pathname
      .slice(`${REPOSITORY}/issues`.length)
      .split('/')
      .filter(Boolean)

    if (request.method === 'GET' && first === undefined) {
      const open = state.issues.filter(({ state }) => state === url.searchParams.get('state'))
      return paged(open)
    }
    const issue = state.issues.find(({ number }) => String(number) === first)
    if (second === 'comments' && third === undefined) {
      if (issue === undefined) return answer(404, { message: 'Not Found' })
      if (request.method === 'GET') {
        const since = Date.parse(url.searchParams.get('since') ?? '1970-01-01T00:00:00Z')
        return paged(state.comments.filter(({ updated_at }) => Date.parse(updated_at) >= since).map(shown))
      }
      if (login === undefined) return answer(401, { message: 'Requires authentication' })
      const comment = {
        id: ++lastId,
        body: JSON.parse(text).body,
        login,
        updated_at: new Date(state.now()).toISOString(),
      }
      state.comments.push(comment)
      return answer(201, shown(comment))
    }
    const comment = first === 'comments' ? state.comments.find(({ id }) => String(id) === second) : undefined
    if (comment === undefined) return answer(404, { message: 'Not Found' })
    if (comment.login !== login) return answer(403, { message: 'Must have admin rights to Repository.' })
    if (request.method === 'DELETE') {
      state.comments.splice(state.comments.indexOf(comment), 1)
      return answer(204)
    }
    comment.body = JSON.parse(text).body
    comment.updated_at = new Date(state.now()).toISOString()
    return answer(200, shown(comment))

    function paged(all: readonly unknown[]): void {
      const perPage = Math.min(100, Number(url.searchParams.get('per_page') ?? 30))
      const page = Number(url.searchParams.get('page') ?? 1)
      const next = new URL(url)
      next.searchParams.set('page', String(page + 1))
      const isLast = page * perPage >= all.length
      found(
        all.slice((page - 1) * perPage, page * perPage),
        isLast ? undefined : `<${next}>; rel="next", <${next}>; rel="last"`,
      )
    }
  }
  return state
}

function shown({ id, body, login, updated_at }: StoredComment): object {
  return {
    id,
    body,
    user: { login, id: 7 },
    created_at: updated_at,
    updated_at,
    author_association: 'MEMBER',
  }
}
