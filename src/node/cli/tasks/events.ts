import { z } from 'zod'
import type { Action, Work } from '../actions.ts'
import type { Invocation } from '../command.ts'
import { integerFlag } from '../flag-values.ts'
import type { MeshClient } from '../mesh-client.ts'
import { printJson, printLine, printTable } from '../output.ts'

export const EVENTS_ACTION: Action = {
  usage: '',
  summary: 'the newest changes of tasks, or those behind --after; with --follow, what comes too',
  words: [0, 0],
  plan: events,
}

const NEWEST = 'mesh://task-events'

const pageSchema = z.object({
  events: z.array(
    z.object({
      seq: z.number(),
      task_id: z.string(),
      state: z.string(),
      at: z.string(),
      tool: z.string(),
      peer_id: z.string().exactOptional(),
      fence: z.number(),
    }),
  ),
  next: z.number(),
  last: z.number(),
  oldest: z.number(),
})

type Page = z.infer<typeof pageSchema>
type Flags = Invocation['flags']

function events(_words: readonly string[], flags: Flags): Work {
  const after = integerFlag(flags, 'after', 0)
  const asJson = flags.has('json')
  return async mesh => {
    if (flags.has('follow')) return follow(mesh, after, asJson)
    const page = await mesh.read(after === undefined ? NEWEST : `${NEWEST}/${after}`, pageSchema)
    if (asJson) return printJson(page)
    printTable(
      ['seq', 'at', 'state', 'task', 'tool', 'peer'],
      page.events.map(({ seq, at, state, task_id, tool, peer_id = '' }) => {
        return [String(seq), at, state, task_id, tool, peer_id]
      }),
    )
    if (page.next < page.last) printLine(`more: --after ${page.next}`)
  }
}

/** Prints what comes until the process is ended; throws when the node can no longer be heard. */
async function follow(mesh: MeshClient, after: number | undefined, asJson: boolean): Promise<void> {
  const watch = await mesh.watch(NEWEST)
  // Read after the watch began, so that nothing falls between.
  let position = after ?? (await mesh.read(NEWEST, pageSchema)).last
  for (;;) {
    const page = await mesh.read(`${NEWEST}/${position}`, pageSchema)
    warnOfGap(page, position)
    for (const event of page.events) printLine(asJson ? JSON.stringify(event) : lineOf(event))
    position = page.next
    if (position >= page.last) await watch.changed()
  }
}

function lineOf({ seq, at, state, task_id, tool, peer_id = '' }: Page['events'][number]): string {
  return `${seq}  ${at}  ${state}  ${task_id}  ${tool}  ${peer_id}`.trimEnd()
}

function warnOfGap({ oldest }: Page, position: number): void {
  if (oldest > position + 1)
    process.stderr.write(`toolmesh: changes ${position + 1} to ${oldest - 1} are no longer kept\n`)
}
