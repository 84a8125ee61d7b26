import { McpError } from '@modelcontextprotocol/sdk/types.js'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ManualClock } from '../../src/shared/clock.ts'
import { MeshFeed } from './mesh-feed.ts'
import type { MeshSession, MeshSessionInit } from './mesh-session.ts'

const COUNTS = { scheduled: 0, queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 }
const VIEWS: Record<string, unknown> = {
  'mesh://overview': { name: 'first' },
  'mesh://peers': { peers: [] },
  'mesh://tasks': { counts: COUNTS, tasks: [] },
  'mesh://schedules': { schedules: [] },
  'mesh://more': { of: 'it' },
}
/** What the feed itself reads. */
const ALL = Object.keys(VIEWS).length - 1

type Hooks = Pick<MeshSessionInit, 'onUpdated' | 'onLost'>

class FakeNode {
  hooks: Hooks[] = []
  reads: string[] = []
  subscriptions: string[] = []
  closed = 0
  refuse: Error | undefined

  open = async (hooks: Hooks): Promise<MeshSession> => {
    if (this.refuse !== undefined) throw this.refuse
    this.hooks.push(hooks)
    return {
      subscribe: async uri => {
        this.subscriptions.push(`+${uri}`)
      },
      unsubscribe: async uri => {
        this.subscriptions.push(`-${uri}`)
      },
      read: async <T>(uri: string): Promise<T> => {
        this.reads.push(uri)
        return VIEWS[uri] as T
      },
      call: () => Promise.reject(new Error('not used')),
      close: () => {
        this.closed += 1
      },
    }
  }
}

function setUp() {
  const clock = new ManualClock()
  const node = new FakeNode()
  const feed = new MeshFeed({ open: node.open, clock, random: () => 0.5 })
  return { clock, node, feed }
}

describe('MeshFeed', () => {
  it('reads all views once it is online, and one view when told that it changed', async () => {
    const { clock, node, feed } = setUp()
    feed.start()
    await clock.advance(0)
    expect(feed.state.connection.phase).toBe('online')
    expect(feed.state.overview?.name).toBe('first')
    expect(node.reads).toHaveLength(ALL)
    node.hooks[0]!.onUpdated('mesh://tasks')
    await clock.advance(0)
    expect(node.reads.slice(ALL)).toEqual(['mesh://tasks'])
  })

  it('makes a new session by itself after a loss, keeping what it showed meanwhile', async () => {
    const { clock, node, feed } = setUp()
    feed.start()
    await clock.advance(0)
    node.hooks[0]!.onLost({ kind: 'lost', message: 'gone' })
    expect(feed.state.connection).toMatchObject({ phase: 'reconnecting', reason: 'gone' })
    expect(feed.state.overview?.name).toBe('first')
    await clock.advance(1000)
    expect(feed.state.connection.phase).toBe('online')
    expect(node.hooks).toHaveLength(2)
  })

  it('waits longer after each failed try and starts over after success', async () => {
    const { clock, node, feed } = setUp()
    node.refuse = new TypeError('Failed to fetch')
    feed.start()
    await clock.advance(0)
    const waits: number[] = []
    for (let i = 0; i < 4; i += 1) {
      const { connection } = feed.state
      if (connection.phase !== 'reconnecting' || connection.retry_at === undefined)
        throw new Error(connection.phase)
      waits.push(connection.retry_at - clock.now())
      await clock.advance(connection.retry_at - clock.now())
    }
    expect(waits).toEqual([375, 750, 1500, 3000])
    node.refuse = undefined
    await clock.advance(10_000)
    expect(feed.state.connection.phase).toBe('online')
    node.hooks[0]!.onLost({ kind: 'lost', message: 'again' })
    expect(feed.state.connection).toMatchObject({ retry_at: clock.now() + 375 })
  })

  it('stops trying when the node wants a credential, until it is started again', async () => {
    const { clock, node, feed } = setUp()
    feed.start()
    await clock.advance(0)
    node.hooks[0]!.onLost({ kind: 'unauthenticated' })
    await clock.advance(120_000)
    expect(feed.state.connection.phase).toBe('signed_out')
    expect(node.hooks).toHaveLength(1)
    feed.start()
    await clock.advance(0)
    expect(feed.state.connection.phase).toBe('online')
  })

  it('reads the small views now and then without being told, and no more once stopped', async () => {
    const { clock, node, feed } = setUp()
    feed.start()
    await clock.advance(0)
    await clock.advance(20_000)
    expect(node.reads.slice(ALL)).toEqual([
      'mesh://overview',
      'mesh://peers',
      'mesh://overview',
      'mesh://peers',
    ])
    feed.stop()
    await clock.advance(60_000)
    expect(node.reads).toHaveLength(ALL + 4)
    expect(node.closed).toBe(1)
  })

  it('reads what changed while the page was hidden once when it is seen again', async () => {
    const { clock, node, feed } = setUp()
    feed.start()
    await clock.advance(0)
    feed.setVisible(false)
    node.hooks[0]!.onUpdated('mesh://tasks')
    node.hooks[0]!.onUpdated('mesh://tasks')
    await clock.advance(0)
    expect(node.reads).toHaveLength(ALL)
    feed.setVisible(true)
    await clock.advance(0)
    expect(node.reads.slice(ALL)).toEqual(['mesh://tasks'])
  })

  it('asks for another credential when the one it has may not read', async () => {
    const { clock, node, feed } = setUp()
    node.refuse = new McpError(-32_001, 'needs the role read')
    feed.start()
    await clock.advance(60_000)
    expect(feed.state.connection).toEqual({
      phase: 'signed_out',
      reason: expect.stringContaining('needs the role read'),
    })
  })

  it('ignores a loss that an older session reports late', async () => {
    const { clock, node, feed } = setUp()
    feed.start()
    await clock.advance(0)
    feed.start()
    await clock.advance(0)
    node.hooks[0]!.onLost({ kind: 'lost', message: 'old' })
    expect(feed.state.connection.phase).toBe('online')
  })

  it('notes changes of views that are not shown, and reads them when they are', async () => {
    const { clock, node, feed } = setUp()
    feed.start()
    await clock.advance(0)
    feed.showOnly(['mesh://overview'])
    node.reads.length = 0
    node.hooks[0]!.onUpdated('mesh://tasks')
    node.hooks[0]!.onUpdated('mesh://overview')
    await clock.advance(0)
    expect(node.reads).toEqual(['mesh://overview'])
    feed.showOnly(undefined)
    await clock.advance(0)
    expect(node.reads).toEqual(['mesh://overview', 'mesh://tasks'])
  })

  it('watches what a page wants more, over all sessions, until the page stops', async () => {
    const { clock, node, feed } = setUp()
    const shown: unknown[] = []
    const watched = {
      uri: 'mesh://more',
      read: (session: MeshSession) => session.read('mesh://more', z.unknown()),
      show: (view: unknown) => shown.push(view),
      failed: () => shown.push('failed'),
    }
    const stop = feed.watch(watched)
    feed.start()
    await clock.advance(0)
    expect(shown).toEqual([{ of: 'it' }])
    node.hooks[0]!.onUpdated('mesh://more')
    await clock.advance(0)
    expect(shown).toHaveLength(2)
    node.hooks[0]!.onLost({ kind: 'lost', message: 'gone' })
    await clock.advance(1000)
    expect(shown).toHaveLength(3)
    stop()
    await clock.advance(0)
    node.hooks[1]!.onUpdated('mesh://more')
    await clock.advance(0)
    expect(shown).toHaveLength(3)
    expect(node.subscriptions.filter(entry => entry.endsWith('more'))).toEqual([
      '+mesh://more',
      '+mesh://more',
      '-mesh://more',
    ])
  })

  it('keeps the subscription of what is watched again at once, and tells what cannot be read', async () => {
    const { clock, node, feed } = setUp()
    feed.start()
    await clock.advance(0)
    const failures: unknown[] = []
    const watched = {
      uri: 'mesh://more',
      read: () => Promise.reject(new Error('no')),
      show: () => {},
      failed: (error: unknown) => failures.push(error),
    }
    feed.watch(watched)()
    feed.watch(watched)
    await clock.advance(0)
    expect(node.subscriptions).not.toContain('-mesh://more')
    expect(failures).toEqual([new Error('no')])
  })
})
