import { css } from 'lit'

/** Buttons, and links that look like one (`class="button"`); `primary`, `quiet` and `small` vary them. */
export const buttonStyles = css`
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: var(--space-2);
    min-height: 36px;
    padding: 0 14px;
    border: 1px solid var(--border-strong);
    border-radius: var(--radius-sm);
    background: var(--surface);
    color: var(--text);
    font: 500 var(--text-sm) / 1 var(--font);
    text-decoration: none;
    white-space: nowrap;
    cursor: pointer;
    transition: background-color 120ms, border-color 120ms;
  }

  button:hover,
  .button:hover {
    background: var(--surface-hover);
  }

  button:disabled {
    opacity: 0.55;
    cursor: default;
  }

  button.primary,
  .button.primary {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--on-accent);
  }

  button.primary:hover:not(:disabled),
  .button.primary:hover {
    border-color: var(--accent-hover);
    background: var(--accent-hover);
  }

  button.quiet {
    border-color: transparent;
    background: transparent;
    color: var(--text-muted);
  }

  button.quiet:hover {
    background: var(--surface-hover);
    color: var(--text);
  }

  button.small,
  .button.small {
    min-height: 28px;
    padding: 0 10px;
  }

  button.icon {
    width: 32px;
    min-height: 32px;
    padding: 0;
  }
`
