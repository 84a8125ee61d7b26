import { css, html, LitElement, nothing } from 'lit'
import type { Tab, TabState } from '../../src/browser/tab-contract.ts'
import { baseStyles } from '../design/base-styles.ts'
import { buttonStyles } from '../design/button-styles.ts'
import { panelStyles } from '../design/panel-styles.ts'
import { formatCount } from '../format/number.ts'
import { phaseText } from './phase.ts'
import '../design/notice.ts'
import '../design/status.ts'
import './connection-facts.ts'
import './finished.ts'
import './retry-countdown.ts'
import './running.ts'
import './unreached.ts'
import './worker-slider.ts'

/** A tab that has joined, is joining or has left: how it is, what it does, and the person's say in it. */
export class Joined extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    panelStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-4);
      }

      .top {
        display: flex;
        flex-wrap: wrap;
        align-items: flex-start;
        justify-content: space-between;
        gap: var(--space-3);
      }

      h2 tm-status {
        gap: 10px;
        font-size: var(--text-xl);
        font-weight: 650;
        letter-spacing: -0.015em;
        line-height: 1.3;
        white-space: normal;
      }

      .top > :first-child {
        flex: 1 1 280px;
      }

      .actions {
        display: flex;
        gap: var(--space-2);
      }

      .counts {
        display: grid;
        grid-template-columns: repeat(3, 1fr);
        gap: var(--space-4);
        margin-top: var(--space-4);
        padding-top: var(--space-4);
        border-top: 1px solid var(--border);
      }

      .counts div {
        display: flex;
        flex-direction: column-reverse;
      }

      .counts dt {
        color: var(--text-muted);
        font-size: var(--text-sm);
      }

      .counts dd {
        font-size: var(--text-xl);
        font-weight: 600;
        line-height: 1.3;
      }

      .bad {
        color: var(--bad);
      }
    `,
  ]
  static override properties = { tab: { attribute: false }, state: { attribute: false } }

  declare tab: Tab | undefined
  declare state: TabState | undefined

  override render() {
    const { state } = this
    if (state === undefined) return nothing
    const { tone, title, text } = phaseText(state)
    const ended = state.phase === 'left' || state.phase === 'failed'
    return html`
      <section class="panel">
        <div class="body">
          <div class="top">
            <div role="status" aria-live="polite">
              <h2><tm-status tone=${tone}>${title}</tm-status></h2>
              <p class="muted">${text}</p>
            </div>
            <div class="actions">${this.#actions(state)}</div>
          </div>
          ${state.phase === 'reconnecting' ? html`<tm-retry-countdown .at=${state.retry_at}></tm-retry-countdown>` : nothing}
          <dl class="counts">
            <div><dt>running now</dt><dd>${state.running.length}</dd></div>
            <div><dt>finished here</dt><dd>${formatCount(state.done.succeeded)}</dd></div>
            <div><dt>failed here</dt><dd class=${state.done.failed > 0 ? 'bad' : ''}>${formatCount(state.done.failed)}</dd></div>
          </dl>
        </div>
      </section>
      ${this.#notices(state)}
      ${ended ? nothing : html`<tm-unreached .state=${state} @tm-retry=${() => this.tab?.retry()}></tm-unreached>`}
      ${ended && state.running.length === 0 ? nothing : html`<tm-running .running=${state.running}></tm-running>`}
      ${
        ended
          ? nothing
          : html`<tm-worker-slider .workers=${state.capacity} .max=${state.max_capacity} .busy=${state.running.length}
              @tm-workers=${this.#setWorkers}></tm-worker-slider>`
      }
      ${state.recent.length === 0 ? nothing : html`<tm-finished .recent=${state.recent}></tm-finished>`}
      <tm-connection-facts .state=${state}></tm-connection-facts>
    `
  }

  #actions(state: TabState) {
    switch (state.phase) {
      case 'left':
      case 'failed':
        return html`<button class="primary" type="button" @click=${this.#joinAgain}>
          ${state.phase === 'left' ? 'Join again' : 'Try again'}
        </button>`
      case 'draining':
        return html`<button type="button" disabled>Leaving…</button>`
      default:
        return html`
          <button type="button" @click=${() => (state.paused ? this.tab?.resume() : this.tab?.pause())}>
            ${state.paused ? 'Resume' : 'Pause'}
          </button>
          <button type="button" title="Finishes what runs, then disconnects" @click=${() => void this.tab?.leave()}>
            Leave
          </button>
        `
    }
  }

  #notices(state: TabState) {
    const { error, phase } = state
    // Online a result is kept for a moment only, until the node has it in its store.
    const undelivered = phase === 'online' ? 0 : state.undelivered
    return html`
      ${
        error === undefined
          ? nothing
          : html`<tm-notice tone=${phase === 'failed' ? 'bad' : 'warn'} heading=${error.message}>
              ${error.hint === undefined ? nothing : html`<p>${error.hint}</p>`}
              <p class="muted"><code>${error.code}</code></p>
            </tm-notice>`
      }
      ${
        undelivered === 0
          ? nothing
          : html`<tm-notice tone="info" heading=${undelivered === 1 ? '1 result is kept here.' : `${undelivered} results are kept here.`}>
              They are delivered as soon as the node is reached, after a reload too.
            </tm-notice>`
      }
    `
  }

  #setWorkers(event: CustomEvent<number>): void {
    this.tab?.setCapacity(event.detail)
  }

  #joinAgain(): void {
    this.dispatchEvent(new Event('tm-join-again'))
  }
}

customElements.define('tm-joined', Joined)
