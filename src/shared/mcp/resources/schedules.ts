import { schedulesSeenBy } from '../taskqueue/schedules.ts'
import type { SchedulesPort } from '../taskqueue/schedules-port.ts'
import { seesAll } from '../taskqueue/task-access.ts'
import type { MeshResource } from './mesh-resource.ts'

export function schedulesResource(schedules: Pick<SchedulesPort, 'list' | 'onChange'>): MeshResource {
  return {
    uri: 'mesh://schedules',
    name: 'schedules',
    title: 'Schedules',
    description: 'All schedules with their last and next ticks, as p2p_taskqueue_schedules answers them.',
    need: ['read', 'submit'],
    read: (_id, principal) => schedulesSeenBy(principal, schedules),
    onChange: (listener, _id, principal) =>
      schedules.onChange(changed => {
        if (seesAll(principal) || changed.has(principal.id)) listener()
      }),
  }
}
