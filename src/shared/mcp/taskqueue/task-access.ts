import type { Principal } from '../../authority/principal.ts'
import { permits } from '../../authority/roles.ts'
import { TaskNotFoundError } from '../../queue/errors.ts'
import type { Task } from '../../queue/task.ts'
import type { QueuePort } from './queue-port.ts'

/** Whether the principal sees every task, or only its own. */
export function seesAll(principal: Principal): boolean {
  return permits(principal, 'read')
}

/** Whether the principal sees a task that `whose` submitted. */
export function sees(principal: Principal, whose: string): boolean {
  return principal.id === whose || seesAll(principal)
}

/** The task, if the principal may see it. Throws `not_found`, so that ids of others tell nothing. */
export async function visibleTask(queue: QueuePort, taskId: string, principal: Principal): Promise<Task> {
  const task = await queue.get(taskId)
  if (!sees(principal, task.principal)) throw new TaskNotFoundError(taskId)
  return task
}

/** The task, if the principal may change it: its own, or any as admin. Throws `not_found`. */
export async function ownTask(queue: QueuePort, taskId: string, principal: Principal): Promise<Task> {
  const task = await queue.get(taskId)
  if (task.principal !== principal.id && !principal.roles.has('admin')) throw new TaskNotFoundError(taskId)
  return task
}
