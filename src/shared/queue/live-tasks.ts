import type { Clock } from '../clock.ts'
import type { Alarm, AlarmClock } from './alarm-clock.ts'
import type { Changed, Command } from './commands.ts'
import { type LiveTask, ReadyIndex, whatIsMissing } from './ready-index.ts'
import type { TaskHead } from './task.ts'
import type { WorkerSlot } from './worker-slot.ts'

interface Tracked extends LiveTask<WorkerSlot> {
  readonly queueTimeoutMs: number
  /** Rings when the task becomes ready, or has waited too long. */
  alarm: Alarm | undefined
  deadlineAlarm: Alarm | undefined
}

export interface LiveTasksInit {
  clock: Clock
  alarms: AlarmClock
  /** A task's time has come or is over: commits what follows from it. */
  change: (command: Command) => void
  /** A task became ready that these workers can run; `byTime`: not as part of a batch. */
  onReady: (workers: ReadonlySet<WorkerSlot>, byTime: boolean) => void
}

/** Classes of waiting tasks that a status shows. */
const STRANDED_SHOWN = 50

/**
 * Every task that has not ended: where it waits and when its time comes. Params and results are not here, so
 * that a long queue costs little memory.
 */
export class LiveTasks {
  readonly #init: LiveTasksInit
  readonly #ready = new ReadyIndex<WorkerSlot>()
  readonly #tasks = new Map<string, Tracked>()
  #order = 0

  constructor(init: LiveTasksInit) {
    this.#init = init
  }

  get size(): number {
    return this.#tasks.size
  }

  /** Tasks that may run now. */
  get ready(): number {
    return this.#ready.size
  }

  /** Ready tasks that the worker could run. */
  readyFor(worker: WorkerSlot): number {
    return this.#ready.readyFor(worker)
  }

  track({ task_id, priority, queue_timeout_ms, deadline, ...needs }: TaskHead): void {
    const { tool, code_cid, any_build, requires, target } = needs
    const cls = this.#ready.join({
      tool,
      code_cid,
      any_build,
      requires,
      ...(target === undefined ? {} : { target }),
    })
    this.#order += 1
    const task: Tracked = {
      task_id,
      priority,
      order: this.#order,
      cls,
      place: -1,
      queueTimeoutMs: queue_timeout_ms ?? Number.POSITIVE_INFINITY,
      alarm: undefined,
      deadlineAlarm: undefined,
    }
    this.#tasks.set(task_id, task)
    if (deadline === undefined) return
    task.deadlineAlarm = this.#init.alarms.at(deadline, () => this.#expire(task_id, 'deadline'))
  }

  forget(taskId: string): void {
    const task = this.#tasks.get(taskId)
    if (task === undefined) return
    this.#tasks.delete(taskId)
    this.#init.alarms.off(task.alarm)
    this.#init.alarms.off(task.deadlineAlarm)
    this.#ready.remove(task)
    this.#ready.leave(task.cls)
  }

  /** Puts a scheduled or queued task where it waits; `queuedAt` (epoch ms) is when it last came into the queue. */
  place(taskId: string, { state, run_at = 0 }: Pick<Changed, 'state' | 'run_at'>, queuedAt: number): void {
    const { clock, alarms, change } = this.#init
    const task = this.#tasks.get(taskId)
    if (task === undefined) return
    alarms.off(task.alarm)
    this.#ready.remove(task)
    if (state === 'scheduled') {
      task.alarm = alarms.at(run_at, () => change({ kind: 'promote', task_id: taskId, at: clock.now() }))
      return
    }
    const waitEnds = queuedAt + task.queueTimeoutMs
    if (run_at <= clock.now()) {
      this.#makeReady(task, waitEnds, false)
      return
    }
    task.alarm = alarms.at(Math.min(run_at, waitEnds), () => {
      if (waitEnds <= run_at) this.#expire(taskId, 'queue_timeout')
      else this.#makeReady(task, waitEnds, true)
    })
  }

  /** Takes the task that the worker should run next; its time in the queue goes on until it is leased. */
  take(slot: WorkerSlot): string | undefined {
    return this.#ready.take(slot)?.task_id
  }

  /** The task was leased: its time in the queue is over. */
  leased(taskId: string): void {
    this.#init.alarms.off(this.#tasks.get(taskId)?.alarm)
  }

  setWorker(slot: WorkerSlot): void {
    this.#ready.setWorker(slot)
  }

  removeWorker(slot: WorkerSlot): void {
    this.#ready.removeWorker(slot)
  }

  /** Ready tasks that none of the workers can run, and what is missing. */
  waitingFor(workers: Iterable<WorkerSlot>): { tool: string; tasks: number; missing: string }[] {
    const present = [...workers]
    return this.#ready.stranded(STRANDED_SHOWN).map(({ needs, tasks }) => {
      // The worker that comes nearest says what is missing: a label rather than the tool.
      const [nearest] = present
        .map(slot => whatIsMissing(needs, slot) ?? '')
        .sort((a, b) => nearness(b) - nearness(a))
      return { tool: needs.tool, tasks, missing: nearest ?? `a worker that offers ${needs.tool}` }
    })
  }

  #makeReady(task: Tracked, waitEnds: number, byTime: boolean): void {
    const expire = () => this.#expire(task.task_id, 'queue_timeout')
    task.alarm = waitEnds === Number.POSITIVE_INFINITY ? undefined : this.#init.alarms.at(waitEnds, expire)
    this.#ready.add(task)
    this.#init.onReady(task.cls.workers, byTime)
  }

  #expire(taskId: string, limit: 'queue_timeout' | 'deadline'): void {
    this.#init.change({ kind: 'expire', task_id: taskId, at: this.#init.clock.now(), limit })
  }
}

/** How much of what a task needs the worker has, by the order in which needs are checked. */
function nearness(missing: string): number {
  if (missing.startsWith('a worker labelled')) return 3
  if (missing.startsWith('a worker with')) return 2
  return missing.startsWith('a worker that') ? 1 : 0
}
