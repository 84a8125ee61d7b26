import type { OverviewView } from '../views.ts'
import type { MeshResource } from './mesh-resource.ts'

/** The node at a glance. */
export interface OverviewPort {
  read(): Promise<OverviewView> | OverviewView
  /** Calls `listener` after each change; the returned function ends it. */
  onChange(listener: () => void): () => void
}

export function overviewResource(overview: OverviewPort): MeshResource {
  return {
    uri: 'mesh://overview',
    name: 'overview',
    title: 'Overview',
    description: 'This node at a glance: peers, tools, tasks by state, throughput, calls and workers.',
    need: 'read',
    read: () => overview.read(),
    onChange: listener => overview.onChange(listener),
  }
}
