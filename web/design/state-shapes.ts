import { css, type SVGTemplateResult, svg } from 'lit'
import type { TaskState } from '../../src/shared/queue/task.ts'
import type { StepState, WorkflowState } from '../../src/shared/workflow/workflow.ts'

/** Of a task, a workflow or a step: the same word is the same state. */
export type ShownState = TaskState | WorkflowState | StepState

/** One shape for each state, in a box of 16 by 16, so that colour is never needed to tell them apart. */
export const STATE_SHAPES: Record<ShownState, SVGTemplateResult> = {
  scheduled: svg`<circle cx="8" cy="8" r="6"></circle><path d="M8 4.6V8l2.4 1.6"></path>`,
  queued: svg`<circle cx="8" cy="8" r="6" stroke-dasharray="2.2 2.5"></circle>`,
  pending: svg`<circle cx="8" cy="8" r="6" stroke-dasharray="2.2 2.5"></circle>`,
  waiting: svg`<circle cx="8" cy="8" r="6"></circle><path d="M6.4 5.8v4.4M9.6 5.8v4.4"></path>`,
  running: svg`<circle cx="8" cy="8" r="6" opacity=".3"></circle><path d="M8 2a6 6 0 0 1 6 6"></path>`,
  succeeded: svg`<circle cx="8" cy="8" r="7" fill="currentColor" stroke="none"></circle><path class="cut" d="m5 8.2 2.1 2.1L11 6.2"></path>`,
  failed: svg`<rect x="1.5" y="1.5" width="13" height="13" rx="3" fill="currentColor" stroke="none"></rect><path class="cut" d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8"></path>`,
  skipped: svg`<path d="m3 3.5 5 4.5-5 4.5zM8 3.5 13 8l-5 4.5z"></path>`,
  cancelled: svg`<circle cx="8" cy="8" r="6"></circle><path d="m4 12 8-8"></path>`,
  expired: svg`<path d="M4 2h8M4 14h8M5 2c0 3 3 4.5 3 6s-3 3-3 6M11 2c0 3-3 4.5-3 6s3 3 3 6"></path>`,
}

/** How the shapes are drawn and coloured: on an `svg` with the classes `shape` and the state's name. */
export const stateStyles = css`
  .shape {
    flex: none;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.7;
    stroke-linecap: round;
    stroke-linejoin: round;
  }

  .shape .cut {
    stroke: var(--surface);
    stroke-width: 2;
  }

  @keyframes spin {
    to {
      transform: rotate(360deg);
    }
  }

  /* The whole picture turns, not a path in it: only then does the browser do it without painting. */
  .shape.running {
    animation: spin 1s linear infinite;
    will-change: transform;
  }

  .scheduled,
  .queued,
  .pending,
  .skipped,
  .cancelled {
    color: var(--text-muted);
  }

  .running {
    color: var(--info);
  }

  .succeeded {
    color: var(--ok);
  }

  .failed {
    color: var(--bad);
  }

  .waiting,
  .expired {
    color: var(--warn);
  }
`
