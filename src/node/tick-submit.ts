import type { Authority } from '../shared/authority/authority.ts'
import { ForbiddenError } from '../shared/authority/errors.ts'
import { type METHOD_ROLES, permits, roleOf } from '../shared/authority/roles.ts'
import type { Submitter } from '../shared/queue/schedules/schedules.ts'
import { LOCAL } from './http/http-principal.ts'

/**
 * Submits the ticks of schedules, each in its principal's name and only while that one may use `tool`: who was revoked,
 * or let a grant or token expire, has nothing run by a schedule that is still there.
 */
export function tickSubmitter<R>(
  authority: Pick<Authority, 'principalOfId'>,
  tool: keyof typeof METHOD_ROLES,
  submitter: Submitter<R>,
): Submitter<R> {
  return {
    ...submitter,
    async submit(id, request, key) {
      const principal = id === LOCAL.id ? LOCAL : authority.principalOfId(id)
      if (principal === undefined || !permits(principal, roleOf(tool) ?? 'admin')) {
        return { error: new ForbiddenError(`${id} may not use ${tool} (any more)`).toFacts() }
      }
      return submitter.submit(id, request, key)
    },
  }
}
