import { css, html, LitElement, nothing } from 'lit'
import type { Check, Diagnosis } from '../../../src/shared/mesh/diagnosis/check.ts'
import { baseStyles } from '../../design/base-styles.ts'
import { buttonStyles } from '../../design/button-styles.ts'
import { panelStyles } from '../../design/panel-styles.ts'
import type { Tone } from '../../design/status.ts'
import { Action } from '../../feed/action.ts'
import { diagnosisSchema } from '../../feed/known-peer-schemas.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { formatDuration } from '../../format/duration.ts'
import '../../design/copy-button.ts'
import '../../design/notice.ts'
import '../../design/status.ts'

/** Milliseconds for a diagnosis: two tries of addresses that do not answer, one after the other. */
const DIAGNOSE_MS = 30_000

const TONES: Readonly<Record<Check['state'], Tone>> = {
  ok: 'ok',
  warning: 'warn',
  failed: 'bad',
  skipped: 'muted',
}

/** Why a peer cannot be reached, or how this node does: asked for by a button, and shown check by check. */
export class DiagnosisPanel extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    panelStyles,
    css`
      .actions {
        display: flex;
        gap: var(--space-2);
      }

      .hint {
        padding: var(--space-3) var(--space-4);
        color: var(--text-muted);
        font-size: var(--text-sm);
      }

      ul {
        list-style: none;
        font-size: var(--text-sm);
      }

      li {
        display: grid;
        grid-template-columns: 130px minmax(0, 1fr) max-content;
        gap: 2px var(--space-3);
        padding: var(--space-2) var(--space-4);
      }

      li + li {
        border-top: 1px solid var(--border);
      }

      .what {
        overflow-wrap: anywhere;
      }

      .more {
        grid-column: 2 / -1;
        color: var(--text-muted);
        font-size: var(--text-xs);
        overflow-wrap: anywhere;
      }

      .advice {
        grid-column: 2 / -1;
        overflow-wrap: anywhere;
        margin-top: 2px;
        padding-left: var(--space-3);
        border-left: 3px solid var(--warn);
      }

      @media (max-width: 560px) {
        li {
          grid-template-columns: minmax(0, 1fr) max-content;
        }

        .what,
        .more,
        .advice {
          grid-column: 1 / -1;
          grid-row: auto;
        }

        .ms {
          grid-column: 2;
          grid-row: 1;
        }
      }
    `,
  ]
  static override properties = {
    peerId: { attribute: false },
    allowed: { type: Boolean },
    feed: { attribute: false },
    diagnosis: { state: true },
  }

  /** Undefined: this node. */
  declare peerId: string | undefined
  /** Whether the caller may ask for one. */
  declare allowed: boolean
  declare feed: MeshFeed
  declare diagnosis: Diagnosis | undefined

  #action = new Action(this, () => this.feed)

  constructor() {
    super()
    this.allowed = false
  }

  override render() {
    const { diagnosis } = this
    const { busy, problem } = this.#action
    return html`
      <section class="panel" aria-labelledby="title" aria-busy=${busy ? 'true' : 'false'}>
        <header>
          <h2 id="title">Diagnosis</h2>
          <div class="actions">
            ${diagnosis === undefined ? nothing : html`<tm-copy .text=${reportOf(diagnosis)}>Copy report</tm-copy>`}
            <button class="small" type="button" ?disabled=${busy || !this.allowed} @click=${this.#diagnose}>
              ${busy ? 'Looking…' : diagnosis === undefined ? 'Diagnose' : 'Again'}
            </button>
          </div>
        </header>
        ${problem === undefined ? nothing : html`<tm-notice tone="bad" role="alert" heading="It could not be found out."><p>${problem}</p></tm-notice>`}
        ${diagnosis === undefined ? html`<p class="hint" role="status">${this.#hint(busy)}</p>` : html`<ul aria-live="polite">${diagnosis.checks.map(row)}</ul>`}
      </section>
    `
  }

  #hint(busy: boolean): string {
    if (busy) return 'Every address is tried; one that does not answer takes some seconds.'
    if (!this.allowed) return 'This needs the role admin.'
    return this.peerId === undefined
      ? 'Looks at what this node listens on, how others reach it, its sources of peers, store, clock and native parts.'
      : 'Tries every address of this peer, then a session, what it lets this node do, and its clock; and says what to do.'
  }

  async #diagnose(): Promise<void> {
    const { peerId } = this
    const input = {
      timeout_ms: DIAGNOSE_MS,
      ...(peerId === undefined ? { refresh: true } : { peer_id: peerId }),
    }
    const found = await this.#action.run(session =>
      session.call('p2p_peer_diagnose', input, diagnosisSchema, DIAGNOSE_MS + 5_000),
    )
    if (found !== undefined && peerId === this.peerId) this.diagnosis = found
  }
}

function row({ name, state, summary, ms, address, steps = [], advice }: Check) {
  return html`
    <li>
      <tm-status tone=${TONES[state]}>${name}</tm-status>
      <span class="what">${summary}</span>
      <span class="ms muted">${ms === undefined ? nothing : formatDuration(ms)}</span>
      ${address === undefined ? nothing : html`<code class="more">${address.replace(/\/p2p\/[^/]+$/, '')}</code>`}
      ${steps.length === 0 ? nothing : html`<span class="more">${steps.map(step => `${step.step} ${formatDuration(step.ms)}`).join(', ')}</span>`}
      ${advice === undefined ? nothing : html`<span class="advice">${advice}</span>`}
    </li>
  `
}

function reportOf({ checks }: Diagnosis): string {
  return checks
    .flatMap(({ state, name, summary, address, advice }) => [
      `[${state}] ${name}: ${summary}`,
      ...(address === undefined ? [] : [`    ${address}`]),
      ...(advice === undefined ? [] : [`    ${advice}`]),
    ])
    .join('\n')
}

customElements.define('tm-diagnosis', DiagnosisPanel)
