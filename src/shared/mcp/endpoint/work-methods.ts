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

export interface WorkMethods {
  methods: Record<string, Method>
  /** The worker is ending: it is given no more, whatever it still offers. What it runs goes on. */
  drain(): void
}

/** What an owner answers to a worker on the other end of a session. */
export function workMethods({ owner, link, onAnnounce }: WorkMethodsComponents): WorkMethods {
  let announced: Announcement | undefined
  let draining = false

  function take(announcement: Announcement): ReturnType<WorkOwner['announce']> {
    const taken = draining ? { ...announcement, credits: 0 } : announcement
    const answer = owner.announce(link, taken)
    announced = announcement
    onAnnounce(taken)
    return answer
  }

  function drain(): void {
    if (draining) return
    draining = true
    if (announced !== undefined) take(announced)
  }

  const methods: Record<string, Method> = {
    'toolmesh/announce'(params) {
      const { batch, ...change } = parseInput(announceParams, params)
      if (batch === true) link.takesBatches()
      return take(completed(announced, change))
    },

    async 'toolmesh/claim'(params) {
      const { max } = parseInput(claimParams, params)
      return { leases: draining ? [] : await owner.claim(link, max) }
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
  return { methods, drain }
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
