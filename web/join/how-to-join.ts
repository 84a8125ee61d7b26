import { css, html, LitElement } from 'lit'
import { baseStyles } from '../design/base-styles.ts'
import { panelStyles } from '../design/panel-styles.ts'

/** For a page that was opened without an invite and has joined nothing before. */
export class HowToJoin extends LitElement {
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      h2 {
        margin-bottom: var(--space-1);
        font-size: var(--text-lg);
      }

      ul {
        display: grid;
        gap: var(--space-2);
        margin: var(--space-4) 0 0;
        padding-left: 1.2em;
      }

      a {
        color: var(--accent);
      }
    `,
  ]

  override render() {
    return html`
      <section class="panel">
        <div class="body">
          <h2>This tab needs an invite</h2>
          <p class="muted">A tab joins by a link that a person makes for it. There are two ways to get one:</p>
          <ul>
            <li>On the <a href="/">dashboard</a>, press <strong>Join with a tab</strong>, or <strong>Get a join link</strong> for another device.</li>
            <li>On the node's machine, run <code>npx toolmesh invite</code> and open the link that it prints.</li>
          </ul>
        </div>
      </section>
    `
  }
}

customElements.define('tm-how-to-join', HowToJoin)
