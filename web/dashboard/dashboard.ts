import { css, html, LitElement, nothing } from 'lit'
import type { OverviewView } from '../../src/shared/mcp/views.ts'
import { baseStyles } from '../design/base-styles.ts'
import { type Access, accessIn } from '../feed/access.ts'
import { Credential, SignInError } from '../feed/credential.ts'
import { type FeedState, MeshFeed } from '../feed/mesh-feed.ts'
import { openMeshSession } from '../feed/mesh-session.ts'
import { pageClock } from '../feed/page-clock.ts'
import { plainMessage } from '../feed/plain-message.ts'
import '../design/notice.ts'
import './connection-banner.ts'
import { type Route, routeOf } from './route.ts'
import './header.ts'
import './navigation.ts'
import './node-notice.ts'
import './peers.ts'
import './schedules.ts'
import './sign-in.ts'
import './tasks.ts'
import './throughput.ts'
import './tiles.ts'

/** The dashboard: an MCP client of the node that served it, composed here from its parts. */
export class Dashboard extends LitElement {
  static override styles = [
    baseStyles,
    css`
      main {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-4);
        max-width: 1440px;
        margin: 0 auto;
        padding: var(--space-4) var(--space-5) var(--space-6);
      }

      .pair {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-4);
      }

      @media (min-width: 1180px) {
        .pair {
          grid-template-columns: minmax(0, 5fr) minmax(0, 8fr);
        }
      }

      @media (max-width: 560px) {
        main {
          gap: var(--space-3);
          padding: var(--space-3);
        }

        .pair {
          gap: var(--space-3);
        }
      }
    `,
  ]
  static override properties = {
    feedState: { state: true },
    signInError: { state: true },
    route: { state: true },
    pageProblem: { state: true },
  }

  declare feedState: FeedState
  declare signInError: string | undefined
  declare route: Route
  /** Why a page could not be loaded. */
  declare pageProblem: string | undefined

  #credential = new Credential(sessionStorage, (input, init) => fetch(input, init))
  #feed = new MeshFeed({
    open: hooks =>
      openMeshSession({
        url: new URL('/mcp', location.origin),
        bearer: this.#credential.bearer,
        ...hooks,
      }),
    clock: pageClock,
    random: Math.random,
  })
  #unsubscribe: () => void = () => {}

  constructor() {
    super()
    this.feedState = this.#feed.state
    this.route = routeOf(location.hash)
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#unsubscribe = this.#feed.subscribe(this.#show)
    window.addEventListener('online', this.#retryNow)
    window.addEventListener('hashchange', this.#navigate)
    document.addEventListener('visibilitychange', this.#onVisibility)
    void this.#arrive()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#unsubscribe()
    window.removeEventListener('online', this.#retryNow)
    window.removeEventListener('hashchange', this.#navigate)
    document.removeEventListener('visibilitychange', this.#onVisibility)
    this.#feed.stop()
  }

  override render() {
    const { connection, overview, overview_at } = this.feedState
    document.title = [...titleOf(this.route), overview?.name ?? [], 'toolmesh'].flat().join(' · ')
    if (connection.phase === 'signed_out') {
      return html`<tm-sign-in .error=${this.signInError} @tm-access=${this.#onAccess}></tm-sign-in>`
    }
    return html`
      <tm-header .overview=${overview} .overviewAt=${overview_at} .connection=${connection} .feed=${this.#feed}></tm-header>
      <tm-navigation .route=${this.route} .workflows=${overview?.workflows}></tm-navigation>
      <main>
        <tm-connection-banner .connection=${connection} @tm-retry=${this.#retryNow}></tm-connection-banner>
        <tm-node-notice .overview=${overview}></tm-node-notice>
        ${overview === undefined ? nothing : this.#page(overview)}
      </main>
    `
  }

  #page(overview: OverviewView) {
    const { route, pageProblem } = this
    if (route.page === 'overview') return this.#overview(overview)
    if (pageProblem !== undefined) {
      return html`<tm-notice tone="bad" role="alert" heading="This page could not be loaded.">
        <p>${pageProblem} The node may have a newer one: load the page again.</p>
      </tm-notice>`
    }
    const { caller } = overview
    if (route.page === 'peers')
      return html`<tm-peer-list .caller=${caller} .feed=${this.#feed}></tm-peer-list>`
    if (route.page === 'peer')
      return html`<tm-peer-page .peerId=${route.id} .caller=${caller} .feed=${this.#feed}></tm-peer-page>`
    return route.page === 'workflows'
      ? html`<tm-workflow-list .filter=${route.state} .caller=${caller} .feed=${this.#feed}></tm-workflow-list>`
      : html`<tm-workflow-page .workflowId=${route.id} .stepId=${route.step} .caller=${caller} .feed=${this.#feed}></tm-workflow-page>`
  }

  #overview(overview: OverviewView) {
    const { connection, peers, tasks, schedules = [], overview_at } = this.feedState
    return html`
      <tm-tiles .overview=${overview}></tm-tiles>
      <div class="pair">
        <tm-throughput .throughput=${overview.throughput} .readAt=${overview_at}
          ?live=${connection.phase === 'online'}></tm-throughput>
        <tm-peers .peers=${peers?.peers} .feed=${this.#feed}></tm-peers>
      </div>
      <tm-tasks .tasks=${tasks} .feed=${this.#feed}></tm-tasks>
      <tm-schedules .schedules=${schedules}></tm-schedules>
    `
  }

  #show = (state: FeedState): void => {
    this.feedState = state
    if (state.connection.phase !== 'signed_out' || this.#credential.bearer === undefined) return
    this.#credential.forget()
    this.signInError = state.connection.reason ?? 'This access is not valid, has expired or was revoked.'
  }

  /** A secret in the address bar is used once and taken out of it, so that it is not shared by accident. */
  async #arrive(): Promise<void> {
    const access = accessIn(location.hash)
    void this.#load()
    if (access === undefined) return this.#feed.start()
    history.replaceState(null, '', location.pathname + location.search)
    await this.#signIn(access)
  }

  #navigate = (): void => {
    if (accessIn(location.hash) !== undefined) {
      void this.#arrive()
      return
    }
    const from = this.route
    this.route = routeOf(location.hash)
    if (from.page !== this.route.page) window.scrollTo(0, 0)
    void this.#load()
  }

  /** Loads what the page needs besides the overview. */
  async #load(): Promise<void> {
    const { page } = this.route
    const ofPeers = page === 'peers' || page === 'peer'
    const read = ['mesh://overview', ...(ofPeers ? ['mesh://peers'] : [])]
    this.#feed.showOnly(page === 'overview' ? undefined : read)
    if (page === 'overview') return
    try {
      if (ofPeers) await import('./mesh/pages.ts')
      else await import('./workflows/pages.ts')
      this.pageProblem = undefined
    } catch (error) {
      this.pageProblem = plainMessage(error)
    }
  }

  #onAccess = (event: CustomEvent<Access>): void => {
    void this.#signIn(event.detail)
  }

  async #signIn(access: Access): Promise<void> {
    this.signInError = undefined
    try {
      await this.#credential.present(access)
    } catch (error) {
      if (!(error instanceof SignInError)) throw error
      this.signInError = error.message
    }
    this.#feed.start()
  }

  #onVisibility = (): void => {
    this.#feed.setVisible(document.visibilityState === 'visible')
    this.#retryNow()
  }

  #retryNow = (): void => {
    const { connection } = this.#feed.state
    if (
      document.visibilityState === 'visible' &&
      connection.phase === 'reconnecting' &&
      connection.retry_at
    ) {
      this.#feed.start()
    }
  }
}

function titleOf(route: Route): string[] {
  if (route.page === 'overview') return []
  return [route.page === 'peers' || route.page === 'peer' ? 'Peers' : 'Workflows']
}

customElements.define('tm-dashboard', Dashboard)
