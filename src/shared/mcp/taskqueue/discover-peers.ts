import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import { isPausedBy } from '../../queue/waiting/pause.ts'
import type { ToolDescriptor } from '../../tools/tool.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { QueuePort } from './queue-port.ts'
import type { WorkersPort } from './workers-port.ts'

export interface DiscoverPeersComponents {
  workers: Pick<WorkersPort, 'offers'>
  queue: Pick<QueuePort, 'pauses'>
  catalogue: { get(name: string): ToolDescriptor | undefined }
}

type Offering = ReturnType<WorkersPort['offers']> extends Iterable<infer Each> ? Each : never

/** What a task would need; all of it optional. */
interface Needs {
  tool: ToolDescriptor | undefined
  requires: readonly string[]
  target: string | undefined
}

const name = z.string().min(1).max(128)

export function discoverPeersTool({ workers, queue, catalogue }: DiscoverPeersComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_discover_peers',
    category: 'p2p_taskqueue',
    title: 'Find peers for a task',
    description:
      'Which peers could run a task of this tool, with these labels and this target, as p2p_taskqueue_submit would be given them: those that can, most free capacity first, then what each of the others lacks. Ask before submitting work that needs a special peer.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({
      tool: name.exactOptional().describe('Name of the tool.'),
      requires: z
        .array(name)
        .max(32)
        .exactOptional()
        .describe('Labels that the peer must have, as `kind:tab`.'),
      target: name.exactOptional().describe('Peer id that must run it.'),
    }),
    output: z.object({
      peers: z.array(
        z.object({
          peer_id: z.string(),
          able: z.boolean().describe('It has all that the task needs.'),
          free: z.int().describe('Attempts that it would take right now.'),
          running: z.int(),
          credits: z.int().describe('Attempts that it allows at once.'),
          labels: z.array(z.string()),
          lacks: z
            .array(z.string())
            .describe('What keeps it from running such a task; empty for one that is able.'),
        }),
      ),
      free: z.int().describe('Free capacity of all that are able: so many such tasks would start at once.'),
      paused: z.boolean().describe('Such tasks are paused: none starts until p2p_taskqueue_resume.'),
    }),
    run({ tool: toolName, requires = [], target }) {
      const tool = toolName === undefined ? undefined : catalogue.get(toolName)
      if (toolName !== undefined && tool === undefined)
        throw new InvalidInputError(
          '/tool',
          toolName,
          'the name of a tool of this mesh (tools_search finds it)',
        )
      const peers = [...workers.offers()]
        .map(offering => peerView(offering, { tool, requires, target }))
        .sort((a, b) => Number(b.able) - Number(a.able) || b.free - a.free)
      return {
        peers,
        free: peers.reduce((sum, { able, free }) => sum + (able ? free : 0), 0),
        paused: queue.pauses().some(pause => isPausedBy(pause, tool?.name ?? '', tool?.category)),
      }
    },
  })
}

function peerView(offering: Offering, needs: Needs) {
  const { peer_id, labels, running, credits } = offering
  const lacks = lackOf(offering, needs)
  return {
    peer_id,
    able: lacks.length === 0,
    free: Math.max(credits - running, 0),
    running,
    credits,
    labels: [...labels].sort(),
    lacks,
  }
}

function lackOf({ peer_id, tools, labels }: Offering, { tool, requires, target }: Needs): string[] {
  const lacks: string[] = []
  if (target !== undefined && target !== peer_id) lacks.push(`is not the target ${target}`)
  const code = tool === undefined ? undefined : tools.get(tool.name)
  if (tool !== undefined && code === undefined) lacks.push(`the tool ${tool.name}`)
  if (tool !== undefined && code !== undefined && code !== tool.code_cid)
    lacks.push(`this build of ${tool.name} (any_build would do)`)
  for (const label of requires) if (!labels.has(label)) lacks.push(`the label ${label}`)
  return lacks
}
