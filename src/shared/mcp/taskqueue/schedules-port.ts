import type { Schedules } from '../../queue/schedules/schedules.ts'

/** What the tools need of the schedules. */
export type SchedulesPort = Pick<Schedules, 'set' | 'remove' | 'list' | 'onChange'>
