import { z } from 'zod'
import type { Principal } from '../../authority/principal.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { scheduleSchema, scheduleView } from './schedule-view.ts'
import type { SchedulesPort } from './schedules-port.ts'
import { sees } from './task-access.ts'

export function schedulesTool(schedules: Pick<SchedulesPort, 'list'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_schedules',
    category: 'p2p_taskqueue',
    title: 'List schedules',
    description: 'All schedules with their last and next ticks. A caller that may only submit sees its own.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({}),
    output: z.object({ schedules: z.array(scheduleSchema).describe('By principal and name.') }),
    run: (_input, { principal }) => schedulesSeenBy(principal, schedules),
  })
}

/** What a principal sees of the schedules, by principal and name. */
export function schedulesSeenBy(
  principal: Principal,
  schedules: Pick<SchedulesPort, 'list'>,
): { schedules: ReturnType<typeof scheduleView>[] } {
  const visible = schedules.list().filter(schedule => sees(principal, schedule.principal))
  visible.sort((a, b) => compare(a.principal, b.principal) || compare(a.name, b.name))
  return { schedules: visible.map(scheduleView) }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
