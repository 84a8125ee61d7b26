/** Replies as text, as they come from the store's thread: what their commands do not say already. */
import type { Changed, Command, Refused, Reply } from '../../../shared/queue/states/commands.ts'
import { TASK_STATES } from '../../../shared/queue/task.ts'
import { NameTable } from './name-table.ts'
import { STATE_CODES } from './stored-task.ts'

/** Names (tools, principals, peers, lanes) are places in the batch's table, -1 or null where there is none. */
type Entry =
  | Refused
  | readonly [
      seq: number,
      state: number,
      fence: number,
      order: number,
      tool: number,
      principal: number,
      peer: number,
      lane: number,
      left: number,
      queuedAt: number | null,
      dueAt: number | null,
      granted?: Changed['granted'],
    ]

interface Batch {
  names: string[]
  replies: Entry[]
}

export function repliesToText(replies: readonly Reply[]): string {
  const names = new NameTable()
  const placeOf = (name: string | undefined): number => (name === undefined ? -1 : names.place(name))
  const entries = replies.map((reply): Entry => {
    if (!reply.changed) return reply
    const { seq, fence, order, queued_at = null, due_at = null, granted } = reply
    const state = STATE_CODES[reply.state]
    const [tool, principal, peer] = [placeOf(reply.tool), placeOf(reply.principal), placeOf(reply.peer_id)]
    const [lane, left] = [placeOf(reply.lane), placeOf(reply.left)]
    if (granted === undefined)
      return [seq, state, fence, order, tool, principal, peer, lane, left, queued_at, due_at]
    return [seq, state, fence, order, tool, principal, peer, lane, left, queued_at, due_at, granted]
  })
  const batch: Batch = { names: names.all, replies: entries }
  return JSON.stringify(batch)
}

/**
 * @param commands what the replies are to
 * @param text what `repliesToText` of this build gave
 */
export function repliesFromText(commands: readonly Command[], text: string): Reply[] {
  const { names, replies }: Batch = JSON.parse(text)
  return replies.map((entry, index): Reply => {
    const command = commands[index]
    if ('refusal' in entry) return entry
    if (command === undefined) throw new Error('a reply to no command')
    const [seq, state, fence, order, tool, principal, peer, lane, left, queuedAt, dueAt, granted] = entry
    const reply: Changed = {
      changed: true,
      task_id: command.task_id,
      seq,
      state: TASK_STATES[state] ?? 'queued',
      fence,
      at: command.at,
      tool: names[tool] ?? '',
      principal: names[principal] ?? '',
      order,
    }
    const [peerId, laneKey, leftKey] = [names[peer], names[lane], names[left]]
    if (peerId !== undefined) reply.peer_id = peerId
    if (laneKey !== undefined) reply.lane = laneKey
    if (leftKey !== undefined) reply.left = leftKey
    if (queuedAt !== null) reply.queued_at = queuedAt
    if (dueAt !== null) reply.due_at = dueAt
    if (granted !== undefined) reply.granted = granted
    return reply
  })
}
