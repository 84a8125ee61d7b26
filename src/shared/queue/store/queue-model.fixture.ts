/**
 * The state table said once more, as plainly as possible, to test the real one against: who may go where. It keeps
 * only what decides, knows nothing of stores, and shares no code with what it tests.
 */
import type { Command, CommandMap, Refusal, ReportedOutcome } from '../states/commands.ts'
import type { TaskHead, TaskState } from '../task.ts'

interface ModelAttempt {
  fence: number
  by: string
  peer: string
  /** Whether it counts against `max_attempts`; undefined while it runs. */
  counts?: boolean
  /** Its lease was lost, and no outcome came since. */
  lost?: boolean
  outcome?: string
}

export interface ModelTask {
  id: string
  order: number
  state: TaskState
  fence: number
  seq: number
  /** The newest values of what was asked for. */
  asked: TaskHead
  attempts: ModelAttempt[]
  heldUntil?: number
  waitsSince?: number
  endedAt?: number
}

export type Expected = { refusal: Refusal } | { task: ModelTask }

export class QueueModel {
  readonly tasks = new Map<string, ModelTask>()
  seq = 0

  /** A copy that later commands do not change. */
  copy(): QueueModel {
    const copy = new QueueModel()
    copy.seq = this.seq
    for (const [id, task] of this.tasks) copy.tasks.set(id, structuredClone(task))
    return copy
  }

  apply(command: Command): Expected {
    const expected = this.#decide(command)
    if ('task' in expected) expected.task.seq = ++this.seq
    return expected
  }

  #decide(command: Command): Expected {
    if (command.kind === 'submit') return this.#submit(command)
    const task = this.tasks.get(command.task_id)
    if (task === undefined) return { refusal: command.kind === 'settle' ? 'stale_fence' : 'not_found' }
    if (command.kind === 'settle') return this.#settle(task, command)
    if (hasEnded(task)) return { refusal: 'terminal' }
    switch (command.kind) {
      case 'lease':
        if (task.state !== 'queued') return { refusal: 'wrong_state' }
        if ((task.heldUntil ?? 0) > command.at) return { refusal: 'not_due' }
        task.fence += 1
        task.attempts.push({
          fence: task.fence,
          by: `${command.peer_id}/${command.instance_id}`,
          peer: command.peer_id,
        })
        delete task.heldUntil
        return go(task, 'running')
      case 'release':
        if (task.state !== 'running' || command.fence !== task.fence) return { refusal: 'stale_fence' }
        for (const attempt of task.attempts.slice(-1)) {
          attempt.counts = command.cause !== 'given_back'
          attempt.lost = command.cause === 'lost'
        }
        if (command.cause === 'given_back') return wait(task, command.at, 0)
        return retry(task, command, command.cause === 'lost')
      case 'cancel':
        task.fence += 1
        return end(task, 'cancelled', command.at)
      case 'due':
        return due(task, command.at)
      case 'update':
        return update(task, command)
      default:
        throw new Error('the model does not know this command')
    }
  }

  #submit({ task, at }: CommandMap['submit']): Expected {
    for (const { asked } of this.tasks.values()) {
      if (asked.idempotency_key === undefined || asked.idempotency_key !== task.idempotency_key) continue
      if (asked.principal !== task.principal) continue
      return { refusal: asked.request_cid === task.request_cid ? 'duplicate' : 'conflict' }
    }
    if (this.tasks.has(task.task_id)) return { refusal: 'conflict' }
    const made: ModelTask = {
      id: task.task_id,
      order: this.tasks.size + 1,
      state: 'queued',
      fence: 0,
      seq: 0,
      asked: structuredClone(task),
      attempts: [],
    }
    this.tasks.set(task.task_id, made)
    return start(made, task.run_at ?? 0, at)
  }

  #settle(task: ModelTask, command: CommandMap['settle']): Expected {
    const attempt = task.attempts.find(each => each.fence === command.fence)
    const outcome = JSON.stringify(command.outcome)
    const isOwn = attempt?.by === `${command.peer_id}/${command.instance_id}`
    const isRepeat = attempt?.outcome === outcome && attempt.peer === command.peer_id
    if (hasEnded(task)) return { refusal: isRepeat ? 'duplicate' : 'stale_fence' }
    if (attempt === undefined || !isOwn) return { refusal: 'stale_fence' }
    if (isRepeat) return { refusal: 'duplicate' }
    if (attempt.outcome !== undefined || command.fence !== task.fence) return { refusal: 'stale_fence' }
    const kind = kindOf(command.outcome)
    const ran = attempt.counts === undefined
    if (!ran && (kind === 'stopped' || kind === 'refused')) return { refusal: 'stale_fence' }
    attempt.outcome = outcome
    attempt.lost = false
    attempt.counts = kind === 'failed' || kind === 'fatal'
    if (kind === 'succeeded') return end(task, 'succeeded', command.at)
    if (kind === 'fatal') return end(task, 'failed', command.at)
    if (kind === 'failed') return retry(task, command)
    if (kind === 'stopped' && !mayRepeat(task)) return end(task, 'failed', command.at)
    const before = task.attempts.findLastIndex(each => each.counts !== false)
    const { retry: policy } = task.asked
    const cap = Math.min(policy.max_delay_ms, 5_000)
    return wait(
      task,
      command.at,
      delay(policy.base_delay_ms, cap, task.attempts.length - 1 - before, command.roll),
    )
  }
}

export function hasEnded(task: ModelTask): boolean {
  return task.state !== 'scheduled' && task.state !== 'queued' && task.state !== 'running'
}

export function isInLane(task: ModelTask): boolean {
  return task.state === 'queued' && task.heldUntil === undefined
}

/** When time changes it next. */
export function nextTime(task: ModelTask): number | undefined {
  if (hasEnded(task)) return undefined
  const { deadline, queue_timeout_ms } = task.asked
  const times = [deadline]
  if (task.state !== 'running') times.push(task.heldUntil)
  if (isInLane(task) && queue_timeout_ms !== undefined) times.push((task.waitsSince ?? 0) + queue_timeout_ms)
  const known = times.filter(time => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

function kindOf(outcome: ReportedOutcome): 'succeeded' | 'failed' | 'fatal' | 'stopped' | 'refused' {
  if (outcome.state === 'succeeded') return 'succeeded'
  if (outcome.error.code === 'unavailable') return 'refused'
  if (outcome.state === 'cancelled') return 'stopped'
  return outcome.error.retryable ? 'failed' : 'fatal'
}

function retry(task: ModelTask, { at, roll }: { at: number; roll: number }, isLost = false): Expected {
  const { max_attempts, base_delay_ms, max_delay_ms } = task.asked.retry
  const spent = task.attempts.filter(attempt => attempt.counts).length
  if (!mayRepeat(task) || spent >= max_attempts) return end(task, 'failed', at)
  if (task.state === 'queued') return { task }
  if (isLost && task.attempts.filter(({ lost }) => lost).length === 1) return wait(task, at, 0)
  return wait(task, at, delay(base_delay_ms, max_delay_ms, spent, roll))
}

function due(task: ModelTask, at: number): Expected {
  const time = nextTime(task)
  if (time === undefined || time > at) return { refusal: 'not_due' }
  const { deadline } = task.asked
  if ((deadline !== undefined && deadline <= at) || isInLane(task)) return end(task, 'expired', at)
  return wait(task, at, 0)
}

function update(task: ModelTask, { changes, at }: CommandMap['update']): Expected {
  if (task.state === 'running') return { refusal: 'wrong_state' }
  const asks = Object.keys(changes).filter(key => key !== 'priority')
  if (task.attempts.length > 0 && asks.length > 0) return { refusal: 'wrong_state' }
  const { run_at, ...rest } = changes
  const asked = Object.entries({ ...task.asked, ...rest }).filter(([, value]) => value !== null)
  task.asked = Object.fromEntries(asked) as unknown as TaskHead
  return run_at === undefined ? { task } : start(task, run_at, at)
}

function start(task: ModelTask, runAt: number, at: number): Expected {
  delete task.heldUntil
  if (runAt > at) {
    task.heldUntil = runAt
    delete task.waitsSince
    return go(task, 'scheduled')
  }
  task.waitsSince ??= at
  return go(task, 'queued')
}

function wait(task: ModelTask, at: number, delayMs: number): Expected {
  task.waitsSince = at
  delete task.heldUntil
  if (delayMs > 0) task.heldUntil = at + delayMs
  return go(task, 'queued')
}

function end(task: ModelTask, state: TaskState, at: number): Expected {
  delete task.heldUntil
  task.endedAt = at
  return go(task, state)
}

function go(task: ModelTask, state: TaskState): Expected {
  task.state = state
  return { task }
}

function mayRepeat({ asked: { repeat, idempotency_key, retry } }: ModelTask): boolean {
  return repeat !== 'once' || idempotency_key !== undefined || retry.always
}

function delay(base: number, cap: number, failures: number, roll: number): number {
  return Math.floor(roll * (Math.min(cap, base * 2 ** (failures - 1)) + 1))
}
