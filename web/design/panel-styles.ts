import { css } from 'lit'

/** A titled surface: `<section class="panel"><header>…</header>…</section>`. */
export const panelStyles = css`
  .panel {
    overflow: hidden;
    border: 1px solid var(--border);
    border-radius: var(--radius);
    background: var(--surface);
    box-shadow: var(--shadow);
  }

  .panel > header {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: var(--space-2) var(--space-4);
    min-height: 52px;
    padding: var(--space-2) var(--space-4);
    border-bottom: 1px solid var(--border);
  }

  .panel h2 {
    font-size: var(--text-md);
    font-weight: 600;
  }

  .panel .body {
    padding: var(--space-4);
  }
`
