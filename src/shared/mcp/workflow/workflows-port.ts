import type { Workflows } from '../../workflow/workflows.ts'

/** What the tools and resources of workflows need of them. */
export type WorkflowsPort = Pick<
  Workflows,
  | 'submit'
  | 'submitOnce'
  | 'check'
  | 'head'
  | 'plan'
  | 'steps'
  | 'step'
  | 'items'
  | 'result'
  | 'cancel'
  | 'signal'
  | 'reschedule'
  | 'owner'
  | 'handOver'
  | 'list'
  | 'counts'
  | 'events'
  | 'onChange'
  | 'define'
  | 'definition'
  | 'definitions'
>
