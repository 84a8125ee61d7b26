import { css } from 'lit'

/**
 * Data tables. Cells with class `num` hold numbers; `wide` and `medium` ones
 * leave first when room is short, and what has class `narrow` then stands in for them.
 */
export const tableStyles = css`
  .scroll {
    overflow-x: auto;
  }

  table {
    width: 100%;
    border-collapse: collapse;
    font-size: var(--text-sm);
  }

  th {
    position: sticky;
    top: 0;
    z-index: 1;
    background: var(--surface-sunken);
    color: var(--text-muted);
    font-weight: 500;
    text-align: left;
    white-space: nowrap;
  }

  th,
  td {
    height: 40px;
    padding: var(--space-1) var(--space-3);
    border-bottom: 1px solid var(--border);
  }

  th {
    height: 34px;
  }

  th:first-child,
  td:first-child {
    padding-left: var(--space-4);
  }

  th:last-child,
  td:last-child {
    padding-right: var(--space-4);
  }

  tbody tr:last-child td {
    border-bottom: 0;
  }

  .num {
    text-align: right;
    white-space: nowrap;
  }

  td.num {
    font-variant-numeric: tabular-nums;
  }

  .nowrap {
    white-space: nowrap;
  }

  .narrow {
    display: none;
  }

  @media (max-width: 900px) {
    .wide {
      display: none;
    }
  }

  @media (max-width: 560px) {
    .medium {
      display: none;
    }

    .narrow {
      display: block;
    }

    th,
    td {
      padding-inline: var(--space-2);
    }
  }
`
