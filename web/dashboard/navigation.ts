import { css, html, LitElement, nothing } from 'lit'
import type { OverviewView } from '../../src/shared/mcp/views.ts'
import { baseStyles } from '../design/base-styles.ts'
import { formatCount } from '../format/number.ts'
import { hashOf, type Route } from './route.ts'

/** The dashboard's pages, and which one is shown. */
export class Navigation extends LitElement {
  static override styles = [
    baseStyles,
    css`
      :host {
        border-bottom: 1px solid var(--border);
        background: var(--surface);
      }

      nav {
        display: flex;
        gap: var(--space-1);
        max-width: 1440px;
        margin: 0 auto;
        padding: 0 calc(var(--space-5) - var(--space-3));
      }

      a {
        padding: 9px var(--space-3);
        border-bottom: 2px solid transparent;
        color: var(--text-muted);
        font-size: var(--text-sm);
        font-weight: 500;
        text-decoration: none;
      }

      a:hover {
        color: var(--text);
      }

      a[aria-current] {
        border-color: var(--accent);
        color: var(--text);
      }

      .count {
        margin-left: 4px;
        padding: 1px 7px;
        border-radius: 9px;
        background: var(--info-soft);
        color: var(--info);
        font-size: var(--text-xs);
        font-variant-numeric: tabular-nums;
      }

      a:focus-visible {
        outline-offset: -3px;
      }

      @media (max-width: 820px) {
        nav {
          padding: 0;
        }
      }
    `,
  ]
  static override properties = { route: { attribute: false }, workflows: { attribute: false } }

  declare route: Route
  /** How many there are in each state; undefined while that is not known. */
  declare workflows: OverviewView['workflows'] | undefined

  override render() {
    const { page } = this.route
    return html`
      <nav aria-label="Pages">
        ${link('Overview', hashOf({ page: 'overview' }), page === 'overview')}
        ${link(html`Workflows${this.#open()}`, hashOf({ page: 'workflows' }), page === 'workflows' || page === 'workflow')}
        ${link('Peers', hashOf({ page: 'peers' }), page === 'peers' || page === 'peer')}
      </nav>
    `
  }

  #open() {
    const open = (this.workflows?.running ?? 0) + (this.workflows?.waiting ?? 0)
    return open === 0
      ? nothing
      : html` <span class="count" title="that have not ended">${formatCount(open)}</span>`
  }
}

function link(text: unknown, href: string, current: boolean) {
  return current ? html`<a href=${href} aria-current="page">${text}</a>` : html`<a href=${href}>${text}</a>`
}

customElements.define('tm-navigation', Navigation)
