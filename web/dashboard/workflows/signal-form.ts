import { css, html, LitElement, nothing } from 'lit'
import { baseStyles } from '../../design/base-styles.ts'
import { buttonStyles } from '../../design/button-styles.ts'
import { fieldStyles } from '../../design/field-styles.ts'
import { Action } from '../../feed/action.ts'
import type { MeshFeed } from '../../feed/mesh-feed.ts'
import { doneSchema } from '../../feed/view-schemas.ts'
import type { StepRow } from '../../feed/workflow-schemas.ts'
import { approvalOf, type Field, fieldsOf, payloadOf } from './signal-fields.ts'
import '../../design/notice.ts'

/** What a waiting step asks a person, and the form that answers it: with a signal whose payload the step gives on. */
export class SignalForm extends LitElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    fieldStyles,
    css`
      form {
        display: grid;
        gap: var(--space-4);
        padding: var(--space-4);
        border: 1px solid var(--warn);
        border-radius: var(--radius);
        background: var(--warn-soft);
      }

      .message {
        font-weight: 600;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }

      fieldset {
        margin: 0;
        padding: 0;
        border: 0;
      }

      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
      }

      .wrong {
        color: var(--bad);
        font-size: var(--text-sm);
      }
    `,
  ]
  static override properties = {
    workflowId: { attribute: false },
    step: { attribute: false },
    allowed: { type: Boolean },
    feed: { attribute: false },
    sent: { state: true },
    wrong: { state: true },
  }

  declare workflowId: string
  declare step: StepRow
  /** Whether who looks may answer. */
  declare allowed: boolean
  declare feed: MeshFeed | undefined
  declare sent: boolean
  /** What is wrong with what was typed where there is no form. */
  declare wrong: string | undefined

  #action = new Action(this, () => this.feed)

  constructor() {
    super()
    this.sent = false
    this.allowed = false
  }

  override render() {
    const { step, sent } = this
    if (step?.signal === undefined) return nothing
    const fields = step.schema === undefined ? undefined : fieldsOf(step.schema)
    const { busy, problem } = this.#action
    return html`
      <form @submit=${this.#submit} aria-label="Answer">
        <p class="message">${step.message ?? html`This step waits for the signal <code>${step.signal}</code>.`}</p>
        ${
          this.allowed
            ? html`
                ${fields === undefined ? this.#anything() : fields.filter(field => field !== approvalOf(fields)).map(fieldOf)}
                <div class="buttons">${this.#buttons(fields, busy || sent)}</div>
              `
            : html`<p class="muted">Who submitted the workflow, or an admin, can answer.</p>`
        }
        ${sent ? html`<p role="status">Sent.</p>` : nothing}
        ${problem === undefined ? nothing : html`<tm-notice tone="bad" role="alert" heading="That did not work.">${problem}</tm-notice>`}
      </form>
    `
  }

  #buttons(fields: Field[] | undefined, disabled: boolean) {
    const approval = fields === undefined ? undefined : approvalOf(fields)
    if (approval === undefined)
      return html`<button class="primary" type="submit" ?disabled=${disabled}>Send</button>`
    const asked =
      approval.label === approval.name
        ? nothing
        : html`<span class="visually-hidden">${approval.label}</span>`
    return html`
      ${asked}
      <button class="primary" type="submit" name=${approval.name} value="true" ?disabled=${disabled}>Approve</button>
      <button type="submit" name=${approval.name} value="false" ?disabled=${disabled}>Reject</button>
    `
  }

  /** No schema that a form can be made of: any JSON will do. */
  #anything() {
    return html`
      <div class="field">
        <label for="json">Payload, as JSON</label>
        <textarea id="json" name="json" spellcheck="false" aria-describedby="wrong">{}</textarea>
        <span class="wrong" id="wrong" role="alert">${this.wrong ?? nothing}</span>
      </div>
    `
  }

  #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const { step, workflowId } = this
    if (!(event.currentTarget instanceof HTMLFormElement) || step.signal === undefined) return
    const payload = this.#payload(new FormData(event.currentTarget, event.submitter))
    if (payload === undefined) return
    const input = { workflow_id: workflowId, signal: step.signal, payload: payload.value }
    const done = await this.#action.run(session => session.call('p2p_workflow_signal', input, doneSchema))
    this.sent = done !== undefined
  }

  #payload(form: FormData): { value: unknown } | undefined {
    const fields = this.step.schema === undefined ? undefined : fieldsOf(this.step.schema)
    if (fields !== undefined) return { value: payloadOf(fields, name => form.getAll(name).map(String)) }
    try {
      this.wrong = undefined
      return { value: JSON.parse(String(form.get('json') ?? '{}')) }
    } catch (error) {
      this.wrong = error instanceof Error ? error.message : String(error)
      return undefined
    }
  }
}

function fieldOf(field: Field) {
  const { name, label, description, required, input, initial } = field
  const hint =
    description === undefined ? nothing : html`<span class="hint" id=${`${name}-hint`}>${description}</span>`
  const described = description === undefined ? nothing : `${name}-hint`
  const heading = html`<label for=${name}>${label}${required ? nothing : html` <span class="muted">(optional)</span>`}</label>`
  switch (input.kind) {
    case 'switch':
      return html`<div class="field">
        <label class="check"><input type="checkbox" name=${name} value="true" ?checked=${initial === true} aria-describedby=${described} />${label}</label>
        ${hint}
      </div>`
    case 'choice':
      return html`<div class="field">
        ${heading}
        <select id=${name} name=${name} ?required=${required} aria-describedby=${described}>
          ${initial === undefined ? html`<option value="">Choose…</option>` : nothing}
          ${input.options.map(({ value, label: text }) => html`<option value=${value} ?selected=${value === initial}>${text}</option>`)}
        </select>
        ${hint}
      </div>`
    case 'choices':
      return html`<fieldset class="field">
        <legend class="label">${label}</legend>
        ${input.options.map(
          ({ value, label: text }) =>
            html`<label class="check"><input type="checkbox" name=${name} value=${value} ?checked=${Array.isArray(initial) && initial.includes(value)} />${text}</label>`,
        )}
        ${hint}
      </fieldset>`
    case 'number':
      return html`<div class="field">
        ${heading}
        <input id=${name} name=${name} type="number" step=${input.integer ? '1' : 'any'} min=${input.min ?? nothing} max=${input.max ?? nothing}
          .defaultValue=${initial === undefined ? '' : String(initial)} ?required=${required} aria-describedby=${described} />
        ${hint}
      </div>`
    case 'text':
      return html`<div class="field">
        ${heading}
        <input id=${name} name=${name} type=${input.type} minlength=${input.min ?? nothing} maxlength=${input.max ?? nothing}
          pattern=${input.pattern ?? nothing} .defaultValue=${typeof initial === 'string' ? initial : ''} ?required=${required}
          aria-describedby=${described} />
        ${hint}
      </div>`
  }
}

customElements.define('tm-signal-form', SignalForm)
