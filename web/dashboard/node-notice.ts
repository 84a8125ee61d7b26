import { html, LitElement, nothing } from 'lit'
import type { OverviewView } from '../../src/shared/mcp/views.ts'
import { baseStyles } from '../design/base-styles.ts'
import '../design/notice.ts'

/** Says when the node takes no new work, and why. */
export class NodeNotice extends LitElement {
  static override styles = [baseStyles]
  static override properties = { overview: { attribute: false } }

  declare overview: OverviewView | undefined

  override updated(): void {
    this.hidden = this.overview === undefined || this.overview.state === 'ready'
  }

  override render() {
    const { overview } = this
    if (overview === undefined || overview.state === 'ready') return nothing
    if (overview.state === 'draining') {
      return html`<tm-notice tone="warn" role="status" heading="This node is shutting down.">
        It takes no new work; what runs now may end.
      </tm-notice>`
    }
    return html`<tm-notice tone="bad" role="alert" heading="Nothing can be stored.">
      <p>${overview.reason}</p>
      <p>New tasks are refused until that changes. What was accepted is kept, and work goes on by itself.</p>
    </tm-notice>`
  }
}

customElements.define('tm-node-notice', NodeNotice)
