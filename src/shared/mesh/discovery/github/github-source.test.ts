import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../../clock.ts'
import { TEST_TIME, type TestPeer, testPeer } from '../../peers/peers.fixture.ts'
import { discoverySourceCompliance } from '../discovery-source.compliance.ts'
import { type GithubServer, githubServer } from './github-server.fixture.node.ts'
import { githubSource } from './github-source.ts'
import { issueMarker, peerComment } from './peer-comment.ts'

const signal = AbortSignal.timeout(60_000)

let clock: ManualClock
let server: GithubServer
async function open(): Promise<void> {
  clock = new ManualClock(TEST_TIME)
  server = await githubServer(() => clock.now())
  server.issues.push(
    { number: 3, body: 'something else', state: 'open' },
    { number: 5, body: `${issueMarker('toolmesh')}\n`, state: 'open', pull_request: {} },
    { number: 7, body: `The peers.\r\n${issueMarker('toolmesh')}\r\n`, state: 'open' },
  )
}

function registry({ peerId }: Pick<TestPeer, 'peerId'>, { token = 'token-of-alice', issue = 0 } = {}) {
  return githubSource({
    repository: 'mesh/registry',
    issue,
    token,
    api: server.url,
    namespace: 'toolmesh',
    peerId,
    fetch,
    clock,
  })
}

discoverySourceCompliance('an issue on GitHub', async () => {
  await open()
  const { peerId, says } = await testPeer()
  return {
    open: async peer => registry(peer),
    async spoil() {
      const comment = (id: number, body: string) =>
        server.comments.push({ id, body, login: 'mallory', updated_at: new Date(TEST_TIME).toISOString() })
      comment(1, 'Nice project!')
      comment(2, peerComment('toolmesh', peerId, await says()).replace('{', '<'))
      comment(3, peerComment('other', peerId, await says()))
    },
    dispose: () => server.close(),
  }
})

describe('an issue on GitHub', () => {
  beforeEach(open)
  afterEach(() => server.close())

  it('holds one comment a peer, that it changes', async () => {
    const peer = await testPeer()
    await registry(peer).publish?.(await peer.says(), signal)
    const again = await peer.says({ seq: TEST_TIME + 1 })
    // As after a restart, which has forgotten the number of the comment.
    await registry(peer).publish?.(again, signal)
    expect(server.comments.map(({ body }) => body)).toEqual([peerComment('toolmesh', peer.peerId, again)])
    expect(server.log.filter(line => line.startsWith('PATCH'))).toHaveLength(1)
  })

  it('writes nothing while nothing is new, and reads nothing that it has', async () => {
    const peer = await testPeer()
    const source = registry(peer)
    const words = await peer.says()
    await source.publish?.(words, signal)
    await source.find?.(signal)
    server.log.length = 0
    await source.publish?.(words, signal)
    await source.find?.(signal)
    expect(server.log).toEqual(Array(2).fill('GET /repos/mesh/registry/issues/7/comments 304'))
  })

  it('is read over many pages', async () => {
    for (let n = 0; n < 250; n++) {
      const { peerId, says } = await testPeer()
      const body = peerComment('toolmesh', peerId, await says())
      server.comments.push({ id: n, body, login: 'bob', updated_at: new Date(TEST_TIME).toISOString() })
    }
    expect(await registry(await testPeer()).find?.(signal)).toHaveLength(250)
  })

  it('leaves comments of others alone that carry the marker of this peer', async () => {
    const peer = await testPeer()
    const body = peerComment('toolmesh', peer.peerId, { text: '{}', signature: 'A'.repeat(86) })
    server.comments.push({ id: 1, body, login: 'mallory', updated_at: new Date(TEST_TIME).toISOString() })
    await registry(peer).publish?.(await peer.says(), signal)
    expect(server.comments.map(({ login }) => login)).toEqual(['mallory', 'alice'])
  })

  it('is cleaned of own peers that are gone, and of doubles', async () => {
    const [gone, peer] = [await testPeer(), await testPeer()]
    await registry(gone).publish?.(await gone.says(), signal)
    await registry(gone, { token: 'token-of-bob' }).publish?.(await gone.says(), signal)
    await clock.advance(25 * 3_600_000)
    const words = await peer.says({ seq: clock.now(), issued_at: clock.now() })
    const double = { ...(server.comments[0] as GithubServer['comments'][0]), id: 1 }
    server.comments.push(
      { ...double, body: peerComment('toolmesh', peer.peerId, words) },
      { ...double, id: 2, body: peerComment('toolmesh', peer.peerId, words) },
    )
    await registry(peer).publish?.(words, signal)
    expect(server.comments.map(({ login, id }) => [login, id])).toEqual([
      ['bob', 1002],
      ['alice', 1],
    ])
  })

  it('only reads without a token', async () => {
    const [peer, other] = [await testPeer(), await testPeer()]
    await registry(other).publish?.(await other.says(), signal)
    const source = registry(peer, { token: '' })
    expect([source.publish, source.withdraw]).toEqual([undefined, undefined])
    expect(await source.find?.(signal)).toHaveLength(1)
  })

  it('says what is wrong, and never the token', async () => {
    const peer = await testPeer()
    const wrong = registry(peer, { token: 'ghp_stolen', issue: 7 }).find?.(signal)
    await expect(wrong).rejects.toMatchObject({
      code: 'unauthenticated',
      message: 'GitHub refused GET /repos/mesh/registry/issues/7/comments (HTTP 401)',
      details: { field: 'discovery.github.token' },
    })
    server.issues.length = 0
    await expect(registry(peer).find?.(signal)).rejects.toThrow(
      'no open issue of mesh/registry has the line <!-- toolmesh-registry:toolmesh -->',
    )
    await expect(registry(peer, { issue: 9 }).find?.(signal)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('keeps to the limit of requests an hour, without asking again before', async () => {
    const source = registry(await testPeer(), { issue: 7 })
    server.remaining = 1
    server.reset = TEST_TIME / 1000 + 600
    await source.find?.(signal)
    const refused = { code: 'rate_limited', details: { retry_after_ms: 600_000 } }
    await expect(source.find?.(signal)).rejects.toMatchObject(refused)
    expect(server.log).toHaveLength(1)
    await clock.advance(600_000)
    server.remaining = 100
    await source.find?.(signal)
  })

  it('waits as long as a secondary limit says', async () => {
    const source = registry(await testPeer(), { issue: 7 })
    server.secondary = 90
    await expect(source.find?.(signal)).rejects.toMatchObject({
      code: 'rate_limited',
      details: { retry_after_ms: 90_000 },
    })
    await expect(source.find?.(signal)).rejects.toMatchObject({ code: 'rate_limited' })
    expect(server.log).toHaveLength(1)
  })

  it('follows no page to another host', async () => {
    let sent: string | null = null
    const stolen: typeof fetch = async (url, init) => {
      if (!String(url).startsWith(server.url)) sent = new Headers(init?.headers).get('authorization')
      return Object.defineProperty(
        new Response('[]', { headers: { link: '<https://evil.example/x>; rel="next"' } }),
        'url',
        { value: String(url) },
      )
    }
    const source = githubSource({
      repository: 'mesh/registry',
      issue: 7,
      token: 'token-of-alice',
      api: server.url,
      namespace: 'toolmesh',
      peerId: 'p',
      fetch: stolen,
      clock,
    })
    await expect(source.find?.(signal)).rejects.toThrow('a page of another host')
    expect(sent).toBeNull()
  })
})
