import { css, html, LitElement } from 'lit'
import { baseStyles } from '../design/base-styles.ts'
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
  static override properties = { route: { attribute: false } }

  declare route: Route

  override render() {
    const { page } = this.route
    return html`
      <nav aria-label="Pages">
        ${link('Overview', hashOf({ page: 'overview' }), page === 'overview')}
        ${link('Workflows', hashOf({ page: 'workflows' }), page !== 'overview')}
      </nav>
    `
  }
}

function link(text: string, href: string, current: boolean) {
  return current ? html`<a href=${href} aria-current="page">${text}</a>` : html`<a href=${href}>${text}</a>`
}

customElements.define('tm-navigation', Navigation)
