import type { Clock } from '../../clock.ts'
import type { ToolCatalogue } from '../catalogue-tool.ts'
import type { PeersPort } from '../peer/list.ts'
import type { QueuePort } from '../taskqueue/queue-port.ts'
import type { SchedulesPort } from '../taskqueue/schedules-port.ts'
import type { WorkflowsPort } from '../workflow/workflows-port.ts'
import type { MeshResource } from './mesh-resource.ts'
import { type OverviewPort, overviewResource } from './overview.ts'
import { peerResource, peersResource } from './peers.ts'
import { RunningTasks } from './running-tasks.ts'
import { schedulesResource } from './schedules.ts'
import { newestTaskEventsResource, taskEventsResource } from './task-events.ts'
import { taskResource, tasksResource } from './tasks.ts'
import { toolsResource } from './tools.ts'
import { workflowEventsResource } from './workflow-events.ts'
import { workflowResource, workflowsResource } from './workflows.ts'

/** The parts that the `mesh://` resources show. */
export interface MeshResourcesComponents {
  overview: OverviewPort
  peers: PeersPort
  queue: QueuePort
  schedules: SchedulesPort
  workflows: WorkflowsPort
  catalogue: ToolCatalogue
  clock: Clock
}

/** Everything that the dashboard shows, for any client to read and watch. */
export function meshResources({
  overview,
  peers,
  queue,
  schedules,
  workflows,
  catalogue,
  clock,
}: MeshResourcesComponents): MeshResource[] {
  const running = new RunningTasks(queue, clock)
  return [
    overviewResource(overview),
    peersResource(peers),
    peerResource(peers),
    tasksResource({ queue, running }),
    taskResource({ queue, running }),
    newestTaskEventsResource(queue),
    taskEventsResource(queue),
    schedulesResource(schedules),
    workflowsResource(workflows),
    workflowResource(workflows),
    workflowEventsResource(workflows),
    toolsResource(catalogue),
  ]
}
