import { css } from 'lit'

/** A row of choices, of which one is pressed: `<div class="filters" role="group">` with buttons. */
export const filterStyles = css`
  .filters {
    display: flex;
    flex-wrap: wrap;
    gap: 2px;
  }

  .filters button {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    min-height: 30px;
    padding: 0 10px;
    border: 1px solid transparent;
    border-radius: var(--radius-sm);
    background: transparent;
    color: var(--text-muted);
    font: 500 var(--text-sm) / 1 var(--font);
    text-transform: capitalize;
    cursor: pointer;
  }

  .filters button:hover {
    background: var(--surface-hover);
  }

  .filters button[aria-pressed='true'] {
    border-color: var(--accent);
    background: var(--accent-soft);
    color: var(--accent);
  }

  .filters .count {
    font-size: var(--text-xs);
    font-weight: 400;
    font-variant-numeric: tabular-nums;
  }
`
