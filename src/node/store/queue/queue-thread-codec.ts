/**
 * Commands and replies as they go between the store's thread and its owner: as JSON text, each as what differs from the
 * one of its kind before it. Those of one batch are much alike, and what is the same costs most of a whole text.
 */
import type { Command, CommandKind, Reply } from '../../../shared/queue/states/commands.ts'

type Fields = Readonly<Record<string, unknown>>

/** Fields that are new or changed, and under `GONE` the names of those that are there no more. */
type Delta = Record<string, unknown>

const GONE = '-'

/** Fields that are objects whose own fields are compared; others are sent whole. */
const NESTED = ['task', 'granted']

const NOTHING: Fields = {}

export function commandsToText(commands: readonly Command[]): string {
  const last = new Map<CommandKind, Command>()
  const deltas = commands.map(command => {
    const delta = difference<Command>(last.get(command.kind), command)
    delta.kind = command.kind
    last.set(command.kind, command)
    return delta
  })
  return JSON.stringify(deltas)
}

export function commandsFromText(text: string): Command[] {
  const last = new Map<CommandKind, Command>()
  const deltas: (Delta & { kind: CommandKind })[] = JSON.parse(text)
  return deltas.map(delta => {
    const command = applied(last.get(delta.kind), delta)
    last.set(delta.kind, command)
    return command
  })
}

/** @param commands what the replies are to */
export function repliesToText(commands: readonly Command[], replies: readonly Reply[]): string {
  const last = new Map<CommandKind | undefined, Reply>()
  const deltas = replies.map((reply, index) => {
    const kind = commands[index]?.kind
    const delta = difference<Reply>(last.get(kind), reply)
    last.set(kind, reply)
    return delta
  })
  return JSON.stringify(deltas)
}

export function repliesFromText(commands: readonly Command[], text: string): Reply[] {
  const last = new Map<CommandKind | undefined, Reply>()
  const deltas: Delta[] = JSON.parse(text)
  return deltas.map((delta, index) => {
    const kind = commands[index]?.kind
    const reply = applied(last.get(kind), delta)
    last.set(kind, reply)
    return reply
  })
}

function difference<T extends object>(before: Partial<T> = {}, after: T): Delta {
  const delta: Delta = {}
  for (const name in after) {
    const value = after[name]
    const old = before[name]
    if (value === undefined || isSame(old, value)) continue
    const isNested = NESTED.includes(name) && isObject(value)
    delta[name] = isNested ? difference<Fields>(isObject(old) ? old : NOTHING, value) : value
  }
  let gone: string[] | undefined
  for (const name in before) {
    if (after[name] !== undefined || before[name] === undefined) continue
    gone ??= []
    gone.push(name)
  }
  if (gone !== undefined) delta[GONE] = gone
  return delta
}

/** Both ends are this module's build and nothing else can speak here, so what comes out is what went in. */
function applied<T extends object>(before: T | undefined, delta: Delta): T {
  const after: Record<string, unknown> = { ...before, ...delta }
  for (const name of NESTED) {
    const change = delta[name]
    if (!isObject(change)) continue
    const old: unknown = before === undefined ? undefined : Reflect.get(before, name)
    after[name] = applied(isObject(old) ? old : undefined, change)
  }
  const gone = delta[GONE]
  if (Array.isArray(gone)) {
    for (const name of gone) delete after[name]
    delete after[GONE]
  }
  return after as T
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
