import type { LeaseId } from './work.ts'

/** A lease as a key, among those of one owner. */
export function leaseKey({ task_id, fence }: LeaseId): string {
  return `${task_id} ${fence}`
}
