import type { OverviewView } from '../views.ts'
import type { MeshResource } from './mesh-resource.ts'

/** The node at a glance, whoever asks. */
export type NodeOverview = Omit<OverviewView, 'caller'>

export interface OverviewPort {
  read(): Promise<NodeOverview> | NodeOverview
  /** Calls `listener` after each change; the returned function ends it. */
  onChange(listener: () => void): () => void
}

export function overviewResource(overview: OverviewPort): MeshResource {
  return {
    uri: 'mesh://overview',
    name: 'overview',
    title: 'Overview',
    description:
      'This node at a glance: peers, tools, tasks by state, throughput, calls and workers; and what the caller may do.',
    need: 'read',
    read: async (_id, { id, roles }): Promise<OverviewView> => ({
      ...(await overview.read()),
      caller: { principal: id, roles: [...roles] },
    }),
    onChange: listener => overview.onChange(listener),
  }
}
