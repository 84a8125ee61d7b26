import type { ReactiveController, ReactiveControllerHost } from 'lit'

const TICK_MS = 1000

/** Renders its host once a second while it is on the page, for what counts up or down by itself. */
export class Ticker implements ReactiveController {
  #host: ReactiveControllerHost
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(host: ReactiveControllerHost) {
    this.#host = host
    host.addController(this)
  }

  hostConnected(): void {
    this.#timer = setInterval(() => this.#host.requestUpdate(), TICK_MS)
  }

  hostDisconnected(): void {
    clearInterval(this.#timer)
  }
}
