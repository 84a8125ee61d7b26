import type { Principal } from '../../authority/principal.ts'
import { TaskNotFoundError } from '../../queue/errors.ts'
import type { TaskEvent, TaskHead, TaskState } from '../../queue/task.ts'
import { pauseView } from '../taskqueue/pause-view.ts'
import type { QueuePort } from '../taskqueue/queue-port.ts'
import { sees, seesAll, visibleTask } from '../taskqueue/task-access.ts'
import { taskSummary, taskView } from '../taskqueue/task-view.ts'
import type { TasksView } from '../views.ts'
import type { MeshResource } from './mesh-resource.ts'
import type { RunningTasks } from './running-tasks.ts'

/** Tasks in `mesh://tasks`: more than a page shows, and still quick to read and send. */
const MAX_TASKS = 200
/** Of these, at most so many that run: they come first, or behind a long queue nobody would see them. */
const MAX_RUNNING = 50

export interface TaskResourcesComponents {
  queue: QueuePort
  running: RunningTasks
}

export function tasksResource({ queue, running }: TaskResourcesComponents): MeshResource {
  async function read(_id: string, principal: Principal): Promise<TasksView> {
    const all = seesAll(principal)
    const whose = all ? {} : { principal: principal.id }
    const [running, newest] = await Promise.all([
      queue.list({ limit: MAX_RUNNING, state: ['running'], ...whose }),
      queue.list({ limit: MAX_TASKS, ...whose }),
    ])
    const first = new Set(running.tasks.map(({ task_id }) => task_id))
    const tasks = [...running.tasks, ...newest.tasks.filter(({ task_id }) => !first.has(task_id))].slice(
      0,
      MAX_TASKS,
    )
    const rows = tasks.map(task => taskSummary(task, queue.progressOf(task.task_id)))
    if (!all) return { counts: countsOf(tasks), tasks: rows, pauses: [], waiting_for: [] }
    const { counts, waiting_for } = await queue.status()
    return { counts, tasks: rows, pauses: queue.pauses().map(pauseView), waiting_for }
  }
  return {
    uri: 'mesh://tasks',
    name: 'tasks',
    title: 'Tasks',
    description: `What runs now and then the newest tasks, at most ${MAX_TASKS}, and how many there are in each state.`,
    need: ['read', 'submit'],
    read,
    onChange(listener, _id, principal) {
      const onEvent = (event: TaskEvent): void => {
        if (sees(principal, event.principal)) listener()
      }
      const ends = [queue.onChange(onEvent), running.whileAny(principal, listener)]
      if (seesAll(principal)) ends.push(queue.onPauses(listener))
      return () => {
        for (const end of ends) end()
      }
    },
  }
}

export function taskResource({ queue, running }: TaskResourcesComponents): MeshResource {
  return {
    uri: 'mesh://tasks/{id}',
    name: 'task',
    title: 'One task',
    description: 'One task by its id, with its parameters, attempts and result.',
    need: ['read', 'submit'],
    async read(id, principal) {
      try {
        // Its bodies are read only for who may see them.
        await visibleTask(queue.head(id), principal)
        return taskView(await queue.get(id), queue)
      } catch (error) {
        if (error instanceof TaskNotFoundError) return undefined
        throw error
      }
    },
    onChange(listener, id, principal) {
      const onEvent = (event: TaskEvent): void => {
        if (event.task_id === id && sees(principal, event.principal)) listener()
      }
      const ends = [queue.onChange(onEvent), running.while(id, principal, listener)]
      return () => {
        for (const end of ends) end()
      }
    },
  }
}

function countsOf(tasks: readonly TaskHead[]): Record<TaskState, number> {
  const counts: Record<TaskState, number> = {
    scheduled: 0,
    queued: 0,
    running: 0,
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    expired: 0,
  }
  for (const { state } of tasks) counts[state] += 1
  return counts
}
