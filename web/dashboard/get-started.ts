import { css, html, LitElement } from 'lit'
import { baseStyles } from '../design/base-styles.ts'
import '../design/copy-button.ts'

/** What to do on a mesh that has not had a task yet. */
export class GetStarted extends LitElement {
  static override styles = [
    baseStyles,
    css`
      .ways {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr));
        gap: var(--space-5);
        padding: var(--space-4) var(--space-4) var(--space-5);
      }

      h3 {
        font-size: var(--text-md);
        font-weight: 600;
      }

      p {
        margin: 2px 0 var(--space-3);
        color: var(--text-muted);
        font-size: var(--text-sm);
      }

      .snippet {
        display: flex;
        align-items: flex-start;
        justify-content: space-between;
        gap: var(--space-2);
        padding: var(--space-2) var(--space-2) var(--space-2) var(--space-3);
        border: 1px solid var(--border);
        border-radius: var(--radius-sm);
        background: var(--surface-sunken);
      }

      pre {
        margin: 0;
        padding: 4px 0;
        overflow-x: auto;
        font: var(--text-sm) / 1.5 var(--font-mono);
      }
    `,
  ]

  override render() {
    const url = new URL('/mcp', location.origin).href
    const config = JSON.stringify({ mcpServers: { toolmesh: { type: 'http', url } } }, null, 2)
    return html`
      <div class="ways">
        <div>
          <h3>No tasks yet. See it work</h3>
          <p>Hundreds of real documents, in a second terminal:</p>
          ${snippet('npm run demo', 'Copy the demo command')}
        </div>
        <div>
          <h3>Connect an MCP client</h3>
          <p>An editor, a chat app or an agent, in its settings:</p>
          ${snippet(config, 'Copy the client settings')}
        </div>
      </div>
    `
  }
}

function snippet(text: string, label: string) {
  return html`<div class="snippet"><pre>${text}</pre><tm-copy .text=${text} label=${label}></tm-copy></div>`
}

customElements.define('tm-get-started', GetStarted)
