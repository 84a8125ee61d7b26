import type { ReactiveController, ReactiveControllerHost } from 'lit'
import type { MeshFeed } from './mesh-feed.ts'
import type { MeshSession } from './mesh-session.ts'
import { plainMessage } from './plain-message.ts'

/** One thing at a time that a person asked the node for: whether it is under way, and why it did not work. */
export class Action implements ReactiveController {
  readonly #host: ReactiveControllerHost
  readonly #feed: () => MeshFeed | undefined
  busy = false
  problem: string | undefined

  constructor(host: ReactiveControllerHost, feed: () => MeshFeed | undefined) {
    this.#host = host
    this.#feed = feed
    host.addController(this)
  }

  hostConnected(): void {}

  /** Resolves with what `run` gave, or with undefined and `problem` set when it failed. */
  async run<T>(run: (session: MeshSession) => Promise<T>): Promise<T | undefined> {
    this.busy = true
    this.problem = undefined
    this.#host.requestUpdate()
    try {
      const session = this.#feed()?.session
      if (session === undefined) throw new Error('Not connected to the node at the moment.')
      return await run(session)
    } catch (error) {
      this.problem = plainMessage(error)
      return undefined
    } finally {
      this.busy = false
      this.#host.requestUpdate()
    }
  }

  /** Forgets what went wrong. */
  clear(): void {
    this.problem = undefined
  }
}
