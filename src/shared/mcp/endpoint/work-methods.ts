import { InvalidInputError } from '../../errors.ts'
import type { Announcement, WorkOwner } from '../../queue/work.ts'
import type { Method } from '../binding/method.ts'
import { parseInput } from '../parse-input.ts'
import { readReports } from './batch-messages.ts'
import { announceParams, claimParams, heartbeatParams } from './protocol.ts'
import type { RemoteWorker } from './remote-worker.ts'

export interface WorkMethodsComponents {
  owner: WorkOwner
  link: RemoteWorker
  /** Hears each announcement, whole. */
  onAnnounce(announcement: Announcement): void
}

/** What an owner answers to a worker on the other end of a session. */
export function workMethods({ owner, link, onAnnounce }: WorkMethodsComponents): Record<string, Method> {
  let announced: Announcement | undefined

  return {
    'toolmesh/announce'(params) {
      const { batch, ...change } = parseInput(announceParams, params)
      if (batch === true) link.takesBatches()
      const announcement = completed(announced, change)
      const answer = owner.announce(link, announcement)
      announced = announcement
      onAnnounce(announcement)
      return answer
    },

    async 'toolmesh/claim'(params) {
      return { leases: await owner.claim(link, parseInput(claimParams, params).max) }
    },

    async 'toolmesh/complete'(params) {
      const verdicts = await link.complete(readReports(params), rest => owner.complete(link.peer_id, rest))
      return { verdicts }
    },

    'toolmesh/heartbeat'(params) {
      const { leases } = parseInput(heartbeatParams, params)
      return { leases: owner.heartbeat(link.peer_id, leases) }
    },
  }
}

/** A later announcement says only what changed, unless the worker began anew. */
function completed(
  before: Announcement | undefined,
  change: Partial<Announcement> & Pick<Announcement, 'instance_id'>,
): Announcement {
  const known = before?.instance_id === change.instance_id ? before : undefined
  const { tools = known?.tools, labels = known?.labels, credits = known?.credits } = change
  if (tools === undefined || labels === undefined || credits === undefined) {
    throw new InvalidInputError(
      '',
      change,
      'tools, labels and credits in the first announcement of an instance',
    )
  }
  return { instance_id: change.instance_id, tools, labels, credits }
}
