import { z } from 'zod'
import type { Clock } from '../../../clock.ts'
import { ToolmeshError } from '../../../errors.ts'
import type { SignedAnnouncement } from '../../peers/announcement.ts'
import { MAX_TTL_MS } from '../../peers/announcement-limits.ts'
import { expiryOf, readAnnouncement } from '../../peers/signed-announcement.ts'
import type { DiscoverySource, Found } from '../discovery-source.ts'
import { GithubAnswerError, NoRegistryIssueError } from './errors.ts'
import { type Fetch, GithubApi } from './github-api.ts'
import { issueMarker, peerComment, readComment } from './peer-comment.ts'

/** Comments of one page (the most there are), and pages of comments and of issues that one look reads. */
const PER_PAGE = 100
const PAGES = 10
/** Comments of peers that are gone that one publication takes away. */
const CLEANED = 10
const HOUR_MS = 3_600_000

export interface GithubSourceInit {
  /** `owner/name`. */
  repository: string
  /** 0: the open one that carries the marker. */
  issue: number
  token: string
  /** Base URL of the API. */
  api: string
  namespace: string
  peerId: string
  fetch: Fetch
  clock: Pick<Clock, 'now'>
}

const user = z.object({ login: z.string() }).nullable()
const comment = z.object({ id: z.int(), body: z.string(), user })
const issue = z.object({ number: z.int(), body: z.string().nullish(), pull_request: z.unknown().optional() })
type Comment = z.infer<typeof comment>

/**
 * An issue of a GitHub repository in which each peer keeps one comment. Whoever may comment there can pretend to be a peer:
 * a comment is worth what the signature in it is. Without a token it only reads.
 */
export function githubSource(init: GithubSourceInit): DiscoverySource {
  const registry = new Registry(init)
  return {
    name: 'github',
    everyMs: 5 * 60_000,
    find: signal => registry.find(signal),
    ...(init.token === ''
      ? {}
      : {
          publish: (announcement, signal) => registry.publish(announcement, signal),
          withdraw: signal => registry.withdraw(signal),
        }),
    close: async () => {},
  }
}

class Registry {
  readonly #init: GithubSourceInit
  readonly #api: GithubApi
  readonly #repository: string
  #issue: number
  /** This peer's comment, once it is known, and its text. */
  #own: { id: number; body: string } | undefined

  constructor(init: GithubSourceInit) {
    this.#init = init
    this.#issue = init.issue
    this.#repository = `/repos/${init.repository}`
    this.#api = new GithubApi({ base: init.api, token: init.token, fetch: init.fetch, clock: init.clock })
  }

  async find(signal: AbortSignal): Promise<Found[]> {
    const { namespace, peerId } = this.#init
    const found: Found[] = []
    for (const { body } of await this.#comments(signal)) {
      const read = readComment(namespace, body)
      if (read?.announcement !== undefined && read.peerId !== peerId)
        found.push({ announcement: read.announcement })
    }
    return found
  }

  async publish(announcement: SignedAnnouncement, signal: AbortSignal): Promise<void> {
    const { namespace, peerId } = this.#init
    const body = peerComment(namespace, peerId, announcement)
    const comments = await this.#comments(signal)
    const marked = comments.filter(one => readComment(namespace, one.body)?.peerId === peerId)
    const known = this.#own && comments.find(({ id }) => id === this.#own?.id)
    const candidates = known === undefined ? marked : [known, ...marked.filter(({ id }) => id !== known.id)]
    const own = (await this.#changed(candidates, body, signal)) ?? (await this.#posted(body, signal))
    this.#own = { id: own.id, body }
    await this.#clean(comments, own, signal)
  }

  async withdraw(signal: AbortSignal): Promise<void> {
    if (this.#own !== undefined) await this.#removed(this.#own.id, signal)
    this.#own = undefined
  }

  /** The first of them that this token may change, with the new text; undefined when there is none. */
  async #changed(
    candidates: readonly Comment[],
    body: string,
    signal: AbortSignal,
  ): Promise<Comment | undefined> {
    for (const candidate of candidates) {
      if (candidate.body === body && candidate.id === this.#own?.id) return candidate
      try {
        const path = `${this.#repository}/issues/comments/${candidate.id}`
        return parsed(comment, path, await this.#api.patch(path, { body }, signal))
      } catch (error) {
        if (!isOthers(error)) throw error
      }
    }
    return undefined
  }

  async #posted(body: string, signal: AbortSignal): Promise<Comment> {
    const path = `${this.#repository}/issues/${await this.#number(signal)}/comments`
    return parsed(comment, path, await this.#api.post(path, { body }, signal))
  }

  /** Of the same author: further comments of this peer, and those of peers that are gone for a day. */
  async #clean(comments: readonly Comment[], own: Comment, signal: AbortSignal): Promise<void> {
    const { namespace, peerId, clock } = this.#init
    const old = comments.filter(({ id, body, user }) => {
      const read = readComment(namespace, body)
      if (id === own.id || read === undefined || user === null || user.login !== own.user?.login) return false
      const said = read.announcement && readAnnouncement(read.announcement.text)
      return read.peerId === peerId || (said !== undefined && expiryOf(said) + MAX_TTL_MS < clock.now())
    })
    for (const { id } of old.slice(0, CLEANED)) await this.#removed(id, signal)
  }

  async #removed(id: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#api.delete(`${this.#repository}/issues/comments/${id}`, signal)
    } catch (error) {
      if (!isOthers(error)) throw error
    }
  }

  /** What was written since the oldest announcement that may still hold; the time goes by hours, so that answers can be the same. */
  async #comments(signal: AbortSignal): Promise<Comment[]> {
    const { clock } = this.#init
    const since = new Date(Math.floor((clock.now() - 3 * MAX_TTL_MS) / HOUR_MS) * HOUR_MS).toISOString()
    const number = await this.#number(signal)
    const path = `${this.#repository}/issues/${number}/comments?per_page=${PER_PAGE}&since=${since}`
    return this.#pages(comment, path, signal)
  }

  async #number(signal: AbortSignal): Promise<number> {
    if (this.#issue !== 0) return this.#issue
    const { repository, namespace } = this.#init
    const marker = issueMarker(namespace)
    const path = `${this.#repository}/issues?state=open&sort=created&direction=asc&per_page=${PER_PAGE}`
    const issues = await this.#pages(issue, path, signal)
    const found = issues.find(
      ({ body, pull_request }) => pull_request === undefined && body?.split(/\r?\n/).includes(marker),
    )
    if (found === undefined) throw new NoRegistryIssueError(repository, marker)
    this.#issue = found.number
    return found.number
  }

  /** Entries that are not as they should be are left out: one of them must not hide the others. */
  async #pages<T>(schema: z.ZodType<T>, path: string, signal: AbortSignal): Promise<T[]> {
    const all: T[] = []
    let next: string | undefined = path
    for (let page = 0; page < PAGES && next !== undefined; page++) {
      const answer = await this.#api.get(next, signal)
      const entries = parsed(z.array(z.unknown()), path, answer.body)
      all.push(...entries.flatMap(entry => schema.safeParse(entry).data ?? []))
      next = answer.next
    }
    return all
  }
}

function parsed<T>(schema: z.ZodType<T>, path: string, value: unknown): T {
  const result = schema.safeParse(value)
  if (!result.success) throw new GithubAnswerError(path, 'something else than its API says')
  return result.data
}

/** Somebody else's comment, or one that is gone. */
function isOthers(error: unknown): boolean {
  return error instanceof ToolmeshError && (error.code === 'forbidden' || error.code === 'not_found')
}
