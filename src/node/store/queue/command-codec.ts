/**
 * Commands as text: as they go to the store's thread, and as they stand in the redo log (a change of the format is a
 * change of the schema). Those of one batch are much alike, and what is the same costs most of a whole text: names
 * stand once, a new task as what differs from the one before it.
 */
import type {
  Body,
  Command,
  CommandMap,
  JsonText,
  ReportedOutcome,
  WorkflowGuard,
} from '../../../shared/queue/states/commands.ts'
import type { TaskHead } from '../../../shared/queue/task.ts'
import { NameTable } from './name-table.ts'

const SUBMIT = 0
const LEASE = 1
const SETTLE = 2
const OTHER = 3

/** Names (peers, instances) are places in the batch's table. */
type Entry =
  | readonly [typeof SUBMIT, at: number, task: Delta, params: Body, guard?: WorkflowGuard]
  | readonly [typeof LEASE, taskId: string, at: number, peer: number, instance: number]
  | readonly [
      typeof SETTLE,
      taskId: string,
      at: number,
      roll: number,
      fence: number,
      peer: number,
      instance: number,
      /** 0: as of the settle before. */
      outcome: ReportedOutcome | 0,
      logs?: JsonText,
    ]
  | readonly [typeof OTHER, Command]

interface Batch {
  names: string[]
  commands: Entry[]
}

type Fields = Readonly<Record<string, unknown>>

/** Fields that are new or changed, and under `GONE` the names of those that are there no more. */
type Delta = Record<string, unknown>

const GONE = '-'

export function commandsToText(commands: readonly Command[]): string {
  const names = new NameTable()
  let task: TaskHead | undefined
  let outcome: ReportedOutcome | undefined
  const entries = commands.map((command): Entry => {
    switch (command.kind) {
      case 'submit': {
        const delta = difference(task, command.task)
        const { at, params, guard } = command
        task = command.task
        return guard === undefined ? [SUBMIT, at, delta, params] : [SUBMIT, at, delta, params, guard]
      }
      case 'lease':
        return [
          LEASE,
          command.task_id,
          command.at,
          names.place(command.peer_id),
          names.place(command.instance_id),
        ]
      case 'settle': {
        const { task_id, at, roll, fence, logs } = command
        const [peer, instance] = [names.place(command.peer_id), names.place(command.instance_id)]
        const same = isSameResult(outcome, command.outcome) ? 0 : command.outcome
        outcome = command.outcome
        if (logs === undefined) return [SETTLE, task_id, at, roll, fence, peer, instance, same]
        return [SETTLE, task_id, at, roll, fence, peer, instance, same, logs]
      }
      default:
        return [OTHER, command]
    }
  })
  const batch: Batch = { names: names.all, commands: entries }
  return JSON.stringify(batch)
}

/** @param text what `commandsToText` of this build gave */
export function commandsFromText(text: string): Command[] {
  const { names, commands }: Batch = JSON.parse(text)
  const name = (place: number): string => names[place] ?? ''
  let task: TaskHead | undefined
  let outcome: ReportedOutcome | undefined
  return commands.map((entry): Command => {
    switch (entry[0]) {
      case SUBMIT: {
        const [, at, delta, params, guard] = entry
        task = applied(task, delta)
        const submit: CommandMap['submit'] = { kind: 'submit', task_id: task.task_id, at, task, params }
        if (guard !== undefined) submit.guard = guard
        return submit
      }
      case LEASE: {
        const [, task_id, at, peer, instance] = entry
        return { kind: 'lease', task_id, at, peer_id: name(peer), instance_id: name(instance) }
      }
      case SETTLE: {
        const [, task_id, at, roll, fence, peer, instance, reported, logs] = entry
        if (reported !== 0) outcome = reported
        if (outcome === undefined) throw new Error('an outcome is as of the one before, and there is none')
        const [peer_id, instance_id] = [name(peer), name(instance)]
        const settle: CommandMap['settle'] = {
          kind: 'settle',
          task_id,
          at,
          roll,
          fence,
          peer_id,
          instance_id,
          outcome,
        }
        if (logs !== undefined) settle.logs = logs
        return settle
      }
      default:
        return entry[1]
    }
  })
}

function isSameResult(a: ReportedOutcome | undefined, b: ReportedOutcome): boolean {
  return a?.state === 'succeeded' && b.state === 'succeeded' && a.result === b.result
}

function difference(before: Partial<TaskHead> = {}, after: TaskHead): Delta {
  const delta: Delta = {}
  let name: keyof TaskHead
  for (name in after) {
    const value = after[name]
    if (value !== undefined && !isSame(before[name], value)) delta[name] = value
  }
  let gone: string[] | undefined
  for (name in before) {
    if (after[name] !== undefined || before[name] === undefined) continue
    gone ??= []
    gone.push(name)
  }
  if (gone !== undefined) delta[GONE] = gone
  return delta
}

function applied(before: TaskHead | undefined, delta: Delta): TaskHead {
  const after: Record<string, unknown> = { ...before, ...delta }
  const gone = delta[GONE]
  if (Array.isArray(gone)) {
    for (const name of gone) delete after[name]
    delete after[GONE]
  }
  return after as unknown as TaskHead
}

/** As far down as one level; what is deeper counts as different. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return false
  let fields = 0
  for (const name in a) {
    if (a[name] !== b[name]) return false
    fields += 1
  }
  for (const _ in b) fields -= 1
  return fields === 0
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}
