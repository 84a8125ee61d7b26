import { factsOf } from '../../errors.ts'
import type { ScheduledWorkflow } from '../../queue/schedules/schedule-spec.ts'
import type { Submitter } from '../../queue/schedules/schedules.ts'
import { WorkflowNotFoundError } from '../../workflow/errors.ts'
import { submissionOf } from './submit.ts'
import type { WorkflowsPort } from './workflows-port.ts'

/** Workflows as schedules use them: what a schedule holds is what p2p_workflow_submit takes as `workflow`. */
export function workflowSubmitter(
  workflows: Pick<WorkflowsPort, 'submitOnce' | 'check' | 'head'>,
): Submitter<ScheduledWorkflow> {
  return {
    async submit(principal, request, key) {
      try {
        const { workflow_id } = await workflows.submitOnce(principal, submissionOf(request), key)
        return { id: workflow_id }
      } catch (error) {
        const facts = factsOf(error)
        if (facts.retryable) throw error
        return { error: facts }
      }
    },
    async check(_principal, request) {
      await workflows.check(submissionOf(request))
    },
    async runs(id) {
      try {
        return (await workflows.head(id)).ended_at === undefined
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false
        throw error
      }
    },
  }
}
