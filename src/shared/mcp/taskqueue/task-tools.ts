import type { ToolDescriptor } from '../../tools/tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { announceTool } from './announce.ts'
import { cancelTool } from './cancel.ts'
import { discoverPeersTool } from './discover-peers.ts'
import { getResultTool } from './get-result.ts'
import { heartbeatTool } from './heartbeat.ts'
import { listTasksTool } from './list-tasks.ts'
import { pauseTool, resumeTool } from './pause.ts'
import { priorityTool } from './priority.ts'
import type { QueuePort } from './queue-port.ts'
import { resubmitTool } from './resubmit.ts'
import { scheduleTool } from './schedule.ts'
import { schedulesTool } from './schedules.ts'
import type { SchedulesPort } from './schedules-port.ts'
import { type Shutdown, shutdownTool } from './shutdown.ts'
import { statusTool } from './status.ts'
import { submitTool } from './submit.ts'
import { taskStatusTool } from './task-status.ts'
import { updateTaskTool } from './update-task.ts'
import { workerStatsTool } from './worker-stats.ts'
import type { WorkersPort } from './workers-port.ts'

/** The parts that the tools of the task queue speak for. */
export interface TaskToolsComponents {
  queue: QueuePort
  workers: WorkersPort
  schedules: SchedulesPort
  shutdown: Shutdown
  catalogue: { get(name: string): ToolDescriptor | undefined }
  /** Peer id of this node. */
  peerId: string
}

/** The category `p2p_taskqueue`. */
export function taskTools(parts: TaskToolsComponents): SurfaceTool[] {
  const { queue, workers, schedules } = parts
  return [
    statusTool(parts),
    submitTool(queue),
    cancelTool(queue),
    getResultTool(queue),
    listTasksTool(queue),
    updateTaskTool(queue),
    taskStatusTool(queue),
    resubmitTool(queue),
    priorityTool(queue),
    workerStatsTool(workers),
    discoverPeersTool(parts),
    announceTool(parts),
    heartbeatTool(parts),
    shutdownTool(parts),
    pauseTool(queue),
    resumeTool(queue),
    scheduleTool(schedules),
    schedulesTool(schedules),
  ]
}
