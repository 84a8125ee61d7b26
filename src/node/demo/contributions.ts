import { z } from 'zod'
import type { MeshClient } from '../cli/mesh-client.ts'

export interface Contribution {
  peer_id: string
  kind: string
  name?: string
  documents: number
}

/** Tasks on one page of the list. */
const PAGE = 200

const pageSchema = z.looseObject({
  tasks: z.array(
    z.looseObject({ task_id: z.string(), state: z.string(), peer_id: z.string().exactOptional() }),
  ),
  next_cursor: z.string().optional(),
})

const peersSchema = z.looseObject({
  peers: z.array(z.looseObject({ peer_id: z.string(), kind: z.string(), name: z.string().exactOptional() })),
})

/** Which peer ran how many of these tasks, most first. */
export async function contributions(
  mesh: MeshClient,
  taskIds: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Contribution[]> {
  const counts = await countByPeer(mesh, taskIds, signal)
  const { peers } = await mesh.ask('p2p_peer_list', {}, peersSchema, { signal })
  return [...counts]
    .map(([peer_id, documents]) => {
      const { kind = 'peer that left', name } = peers.find(peer => peer.peer_id === peer_id) ?? {}
      return { peer_id, kind, documents, ...(name === undefined ? {} : { name }) }
    })
    .sort((a, b) => b.documents - a.documents || (a.peer_id < b.peer_id ? -1 : 1))
}

async function countByPeer(
  mesh: MeshClient,
  taskIds: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  let left = taskIds.size
  let cursor: string | undefined
  do {
    const question = { tool: 'document_profile', limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }
    const page = await mesh.ask('p2p_taskqueue_list_tasks', question, pageSchema, { signal })
    for (const { task_id, peer_id } of page.tasks) {
      if (!taskIds.has(task_id)) continue
      left -= 1
      if (peer_id !== undefined) counts.set(peer_id, (counts.get(peer_id) ?? 0) + 1)
    }
    cursor = page.next_cursor
  } while (cursor !== undefined && left > 0)
  return counts
}
