import { css } from 'lit'

/** Fields of a form: a label above its input, a hint below. */
export const fieldStyles = css`
  .field {
    display: grid;
    gap: 4px;
  }

  .field > label,
  .field > .label {
    font-size: var(--text-sm);
    font-weight: 500;
  }

  .field .hint {
    color: var(--text-muted);
    font-size: var(--text-xs);
  }

  input:not([type='checkbox'], [type='radio']),
  select,
  textarea {
    width: 100%;
    min-height: 36px;
    padding: 6px var(--space-3);
    border: 1px solid var(--border-strong);
    border-radius: var(--radius-sm);
    background: var(--surface);
    color: var(--text);
    font: var(--text-sm) / 1.4 var(--font);
  }

  textarea {
    min-height: 72px;
    resize: vertical;
    font-family: var(--font-mono);
  }

  .check {
    display: flex;
    align-items: center;
    gap: var(--space-2);
    min-height: 32px;
    font-size: var(--text-sm);
  }

  .check input {
    width: 17px;
    height: 17px;
    margin: 0;
    accent-color: var(--accent);
  }
`
