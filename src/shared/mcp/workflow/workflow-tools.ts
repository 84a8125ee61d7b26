import type { Clock } from '../../clock.ts'
import type { SurfaceTool } from '../surface.ts'
import { cancelTool } from './cancel.ts'
import { coordinateTool } from './coordinate.ts'
import { defineTool } from './define.ts'
import { definitionsTool } from './definitions.ts'
import { getDagTool } from './get-dag.ts'
import { listTool } from './list.ts'
import { rescheduleTool } from './reschedule.ts'
import { resultTool } from './result.ts'
import { signalTool } from './signal.ts'
import { statusTool } from './status.ts'
import { submitTool } from './submit.ts'
import type { WorkflowsPort } from './workflows-port.ts'

/** The category `p2p_workflow`. */
export function workflowTools(workflows: WorkflowsPort, clock: Pick<Clock, 'now'>): SurfaceTool[] {
  return [
    submitTool(workflows),
    statusTool(workflows),
    cancelTool(workflows),
    listTool(workflows),
    getDagTool(workflows, clock),
    coordinateTool(workflows),
    resultTool(workflows),
    rescheduleTool(workflows),
    signalTool(workflows),
    defineTool(workflows),
    definitionsTool(workflows),
  ]
}
