import { css, html, LitElement } from 'lit'
import { baseStyles } from '../design/base-styles.ts'
import { panelStyles } from '../design/panel-styles.ts'

/** How many workers this tab may use. Fires `tm-workers` with the number chosen. */
export class WorkerSlider extends LitElement {
  static override styles = [
    baseStyles,
    panelStyles,
    css`
      .line {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
        gap: var(--space-4);
      }

      label {
        font-weight: 600;
      }

      output {
        font-variant-numeric: tabular-nums;
      }

      input {
        width: 100%;
        height: 28px;
        margin: var(--space-1) 0 0;
        accent-color: var(--accent);
        cursor: pointer;
      }

      .hint {
        color: var(--text-muted);
        font-size: var(--text-sm);
      }
    `,
  ]
  static override properties = {
    workers: { type: Number },
    max: { type: Number },
    busy: { type: Number },
  }

  declare workers: number
  declare max: number
  declare busy: number

  constructor() {
    super()
    this.workers = 1
    this.max = 1
    this.busy = 0
  }

  override render() {
    return html`
      <section class="panel">
        <div class="body">
          <div class="line">
            <label for="workers">Workers</label>
            <output for="workers">${this.workers} of ${this.max}</output>
          </div>
          <input id="workers" type="range" min="1" max=${this.max} step="1" .value=${String(this.workers)}
            ?disabled=${this.max === 1} aria-describedby="hint" @input=${this.#onInput} />
          <p class="hint" id="hint">
            ${
              this.max === 1
                ? 'This device has a core to spare for one worker.'
                : 'Tools that run at the same time. Fewer leave more of this device to you.'
            }
          </p>
        </div>
      </section>
    `
  }

  #onInput(event: Event): void {
    if (!(event.target instanceof HTMLInputElement)) return
    this.workers = event.target.valueAsNumber
    this.dispatchEvent(new CustomEvent('tm-workers', { detail: this.workers }))
  }
}

customElements.define('tm-worker-slider', WorkerSlider)
