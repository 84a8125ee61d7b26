import { z } from 'zod'
import type { Action, Work } from '../actions.ts'
import type { Invocation } from '../command.ts'
import { integerFlag } from '../flag-values.ts'
import type { MeshClient } from '../mesh-client.ts'
import { printJson, printLine, printTable } from '../output.ts'

export const EVENTS_ACTION: Action = {
  usage: '<workflow>',
  summary: 'its history, from --after; with --follow, what comes too, until it has ended',
  words: [1, 1],
  plan: events,
}

const pageSchema = z.object({
  workflow_id: z.string(),
  events: z.array(
    z.looseObject({
      seq: z.number(),
      at: z.string(),
      kind: z.string(),
      step: z.string().optional(),
      item: z.number().optional(),
      state: z.string().optional(),
      reason: z.string().optional(),
      signal: z.string().optional(),
      error: z.looseObject({ message: z.string() }).optional(),
    }),
  ),
  next: z.number(),
  last: z.number(),
})

type Page = z.infer<typeof pageSchema>

function events([workflow = '']: readonly string[], flags: Invocation['flags']): Work {
  const after = integerFlag(flags, 'after', 0) ?? 0
  const asJson = flags.has('json')
  return async mesh => {
    if (flags.has('follow')) return follow(mesh, workflow, after, asJson)
    const page = await mesh.read(eventsUri(workflow, after), pageSchema)
    if (asJson) return printJson(page)
    printTable(['seq', 'at', 'what', 'step', 'state', 'note'], page.events.map(cellsOf))
    if (page.next < page.last) printLine(`more: --after ${page.next}`)
  }
}

/** Prints what comes until the workflow has ended; throws when the node can no longer be heard. */
async function follow(mesh: MeshClient, workflow: string, after: number, asJson: boolean): Promise<void> {
  const watch = await mesh.watch(eventsUri(workflow, 0))
  let position = after
  let latest: string | undefined
  for (;;) {
    const page = await mesh.read(eventsUri(workflow, position), pageSchema)
    for (const event of page.events) {
      printLine(asJson ? JSON.stringify(event) : cellsOf(event).filter(Boolean).join('  '))
    }
    latest = page.events.at(-1)?.kind ?? latest ?? (await latestKind(mesh, workflow, page.last))
    position = page.next
    if (position < page.last) continue
    // A later reschedule would open it again: who wants to see that follows it then.
    if (latest !== undefined && LAST_KINDS.has(latest)) return
    await watch.changed()
  }
}

/** After these nothing comes by itself. */
const LAST_KINDS: ReadonlySet<string> = new Set(['ended', 'handed_over'])

async function latestKind(mesh: MeshClient, workflow: string, last: number): Promise<string | undefined> {
  const page = await mesh.read(eventsUri(workflow, Math.max(last - 1, 0)), pageSchema)
  return page.events.at(-1)?.kind
}

function eventsUri(workflow: string, after: number): string {
  return `mesh://workflow-events/${encodeURIComponent(workflow)}/${after}`
}

function cellsOf({ seq, at, kind, step = '', item, state = '', ...rest }: Page['events'][number]): string[] {
  const note = rest.error?.message ?? rest.reason ?? rest.signal ?? ''
  return [String(seq), at, kind, item === undefined ? step : `${step}[${item}]`, state, note]
}
