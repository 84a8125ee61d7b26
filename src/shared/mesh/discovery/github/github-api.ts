import type { Clock } from '../../../clock.ts'
import { GithubAnswerError, GithubNotFoundError, GithubRateLimitError, GithubTokenError } from './errors.ts'

/** Version of the REST API that is spoken (docs.github.com/rest, "API versions"). */
const API_VERSION = '2022-11-28'
/** Bytes of one answer: a page of 100 comments, each of at most 64 Ki characters. */
const ANSWER_BYTES = 16 * 1024 * 1024
/** Answers kept to be asked for again only if they have changed. */
const KEPT_ANSWERS = 32
/** How long a secondary limit is waited for that does not say how long (docs.github.com, "Best practices"). */
const SECONDARY_WAIT_MS = 60_000

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface GithubApiInit {
  /** As `https://api.github.com`. */
  base: string
  /** Empty: only what everybody may read. */
  token: string
  fetch: Fetch
  clock: Pick<Clock, 'now'>
}

interface Kept {
  etag: string
  body: unknown
  next: string | undefined
}

/** One page of an answer that comes in pages. */
export interface Page {
  body: unknown
  /** URL of the next one. */
  next: string | undefined
}

/**
 * The REST API of GitHub, as far as a registry needs it: pages by the Link header, conditional requests by ETag, and both
 * kinds of rate limits. The token goes to the API's own origin and nowhere else, and is in no error.
 */
export class GithubApi {
  readonly #init: GithubApiInit
  readonly #kept = new Map<string, Kept>()
  /** Epoch milliseconds before which the API wants nothing. */
  #notBefore = 0

  constructor(init: GithubApiInit) {
    this.#init = init
  }

  /** `path` below the base, or the `next` of a page before. */
  async get(path: string, signal: AbortSignal): Promise<Page> {
    const url = this.#url(path)
    const kept = this.#kept.get(url)
    const response = await this.#request(
      'GET',
      url,
      signal,
      kept === undefined ? {} : { 'if-none-match': kept.etag },
    )
    if (response.status === 304 && kept !== undefined) {
      await response.body?.cancel()
      return kept
    }
    const page = { body: await json(response), next: nextPage(response) }
    this.#keep(url, response.headers.get('etag'), page)
    return page
  }

  async post(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    return json(await this.#request('POST', this.#url(path), signal, {}, body))
  }

  async patch(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    return json(await this.#request('PATCH', this.#url(path), signal, {}, body))
  }

  async delete(path: string, signal: AbortSignal): Promise<void> {
    const response = await this.#request('DELETE', this.#url(path), signal)
    await response.body?.cancel()
  }

  #url(path: string): string {
    const { base } = this.#init
    const url = path.startsWith('/') ? base.replace(/\/$/, '') + path : path
    if (new URL(url).origin !== new URL(base).origin)
      throw new GithubAnswerError(path, 'a page of another host')
    return url
  }

  async #request(
    method: string,
    url: string,
    signal: AbortSignal,
    headers: Record<string, string> = {},
    body?: unknown,
  ): Promise<Response> {
    const { token, fetch, clock } = this.#init
    const wait = this.#notBefore - clock.now()
    if (wait > 0) throw new GithubRateLimitError(wait)
    const response = await fetch(url, {
      method,
      signal,
      headers: {
        accept: 'application/vnd.github+json',
        'x-github-api-version': API_VERSION,
        'user-agent': 'toolmesh',
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const asked = waitAskedFor(response, clock.now())
    this.#notBefore = clock.now() + asked
    if (response.ok || response.status === 304) return response
    await response.body?.cancel()
    const request = `${method} ${new URL(url).pathname}`
    const { status } = response
    if (status === 429 || (status === 403 && asked > 0)) {
      const ms = asked > 0 ? asked : SECONDARY_WAIT_MS
      this.#notBefore = clock.now() + ms
      throw new GithubRateLimitError(ms)
    }
    if (status === 401 || status === 403) throw new GithubTokenError(status, request)
    if (status === 404 || status === 410) throw new GithubNotFoundError(request)
    throw new GithubAnswerError(request, `HTTP ${status}`)
  }

  #keep(url: string, etag: string | null, page: Page): void {
    if (etag === null) return
    this.#kept.delete(url)
    this.#kept.set(url, { etag, ...page })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > KEPT_ANSWERS && oldest !== undefined) this.#kept.delete(oldest)
  }
}

/** Milliseconds until the next request is welcome: `retry-after`, or the reset of a limit that is used up. */
function waitAskedFor({ headers }: Response, now: number): number {
  const after = seconds(headers.get('retry-after'))
  if (after !== undefined) return after * 1000
  if (headers.get('x-ratelimit-remaining') !== '0') return 0
  const reset = seconds(headers.get('x-ratelimit-reset'))
  return reset === undefined ? SECONDARY_WAIT_MS : Math.max(0, reset * 1000 - now)
}

function seconds(header: string | null): number | undefined {
  return header !== null && /^\d{1,12}$/.test(header) ? Number(header) : undefined
}

/** `<https://…?page=2>; rel="next", …` (RFC 8288). */
function nextPage({ headers }: Response): string | undefined {
  return /<([^>]+)>;\s*rel="next"/.exec(headers.get('link') ?? '')?.[1]
}

async function json(response: Response): Promise<unknown> {
  const { pathname } = new URL(response.url)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > ANSWER_BYTES) throw new GithubAnswerError(pathname, `more than ${ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  try {
    return await new Response(new Blob(chunks as Uint8Array<ArrayBuffer>[])).json()
  } catch {
    throw new GithubAnswerError(pathname, 'no JSON')
  }
}
