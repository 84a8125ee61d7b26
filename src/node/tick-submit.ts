import type { Authority } from '../shared/authority/authority.ts'
import { ForbiddenError } from '../shared/authority/errors.ts'
import { permits, roleOf } from '../shared/authority/roles.ts'
import type { Queue } from '../shared/queue/queue.ts'
import type { SchedulesInit } from '../shared/queue/schedules/schedules.ts'
import { LOCAL } from './http/http-principal.ts'

/**
 * Submits the ticks of schedules, each in its principal's name and only while that one may submit: who was revoked, or
 * let a grant or token expire, has nothing run by a schedule that is still there.
 */
export function tickSubmit(
  authority: Pick<Authority, 'principalOfId'>,
  queue: Pick<Queue, 'submitOnce'>,
): SchedulesInit['submit'] {
  return async (id, request, key) => {
    const principal = id === LOCAL.id ? LOCAL : authority.principalOfId(id)
    if (principal === undefined || !permits(principal, roleOf('p2p_taskqueue_submit') ?? 'admin')) {
      return { error: new ForbiddenError(`${id} may submit no tasks (any more)`).toFacts() }
    }
    return queue.submitOnce(id, request, key)
  }
}
