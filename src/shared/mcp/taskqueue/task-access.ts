import type { Principal } from '../../authority/principal.ts'
import { permits } from '../../authority/roles.ts'
import { TaskNotFoundError } from '../../queue/errors.ts'
import type { TaskHead } from '../../queue/task.ts'

/** Whether the principal sees every task, or only its own. */
export function seesAll(principal: Principal): boolean {
  return permits(principal, 'read')
}

/** Whether the principal sees a task that `whose` submitted. */
export function sees(principal: Principal, whose: string): boolean {
  return principal.id === whose || seesAll(principal)
}

/** The task, if the principal may see it. Throws `not_found`, so that ids of others tell nothing. */
export async function visibleTask<T extends Owned>(task: Promise<T>, principal: Principal): Promise<T> {
  const found = await task
  if (!sees(principal, found.principal)) throw new TaskNotFoundError(found.task_id)
  return found
}

/** The task, if the principal may change it: its own, or any as admin. Throws `not_found`. */
export async function ownTask<T extends Owned>(task: Promise<T>, principal: Principal): Promise<T> {
  const found = await task
  if (found.principal !== principal.id && !principal.roles.has('admin'))
    throw new TaskNotFoundError(found.task_id)
  return found
}

type Owned = Pick<TaskHead, 'task_id' | 'principal'>
