import { z } from 'zod'
import type { Logger } from '../../logger.ts'
import type { Outcome } from '../../queue/task.ts'
import type { Worker } from '../../queue/work.ts'
import { callContext, LOG_KEY_META } from '../binding/call-stream.ts'
import type { Method } from '../binding/method.ts'
import { NotAnnouncedError } from '../errors.ts'
import { isJsonObject, jsonObject } from '../json-object.ts'
import { parseInput } from '../parse-input.ts'
import type { CallResult } from '../surface.ts'
import { readAssignments } from './batch-messages.ts'
import type { LeasedWork } from './leased-work.ts'
import { cancelParams, LEASE_META, lease, settledParams } from './protocol.ts'

export interface AttemptMethodsComponents {
  worker: Worker
  /** Runs what comes in batches. */
  leased: LeasedWork
  ownerId: string
  /** Whether we announced ourselves to the peer: only then is it an owner of ours. */
  announced(): boolean
  /** What answers a `tools/call` without a lease. */
  plainCall: Method
  logger: Logger
}

/** What a worker answers to an owner on the other end of a session. */
export function attemptMethods(components: AttemptMethodsComponents): Record<string, Method> {
  const { worker, leased, ownerId, announced, plainCall, logger } = components

  return {
    async 'tools/call'(params, request) {
      if (!hasLease(params)) return plainCall(params, request)
      if (!announced()) throw new NotAnnouncedError('a leased call')
      const { name, arguments: input, _meta } = parseInput(leasedCall, params)
      const lease = _meta[LEASE_META]
      const { signal, onProgress, onLog } = callContext(request, name, () => 'debug', logger)
      const hooks = {
        ...(onProgress === undefined ? {} : { onProgress }),
        ...(onLog === undefined || _meta[LOG_KEY_META] === undefined ? {} : { onLog }),
      }
      const outcome = await worker.run(ownerId, { lease, tool: name, input }, hooks, signal)
      return answerOf(outcome)
    },

    'toolmesh/run'(params) {
      if (!announced()) throw new NotAnnouncedError('toolmesh/run')
      leased.start(readAssignments(params))
      return {}
    },

    'toolmesh/cancel'(params) {
      if (!announced()) throw new NotAnnouncedError('toolmesh/cancel')
      return { unknown: leased.cancel(parseInput(cancelParams, params).leases) }
    },

    'toolmesh/renew'() {
      if (!announced()) throw new NotAnnouncedError('toolmesh/renew')
      return { live: worker.live(ownerId) }
    },

    'toolmesh/settled'(params) {
      worker.settled(ownerId, parseInput(settledParams, params).leases)
      return {}
    },
  }
}

/** Whether a `tools/call` runs an attempt of a task. */
export function hasLease(params: unknown): boolean {
  return isJsonObject(params) && isJsonObject(params._meta) && params._meta[LEASE_META] !== undefined
}

const leasedCall = z.object({
  name: z.string(),
  arguments: jsonObject,
  _meta: z.object({ [LEASE_META]: lease, [LOG_KEY_META]: z.string().optional() }),
})

function answerOf(outcome: Outcome): CallResult {
  if (outcome.state !== 'succeeded') {
    const facts: object = outcome.error
    return { content: [], ...(isJsonObject(facts) ? { structuredContent: facts } : {}), isError: true }
  }
  if (!isJsonObject(outcome.result)) throw new TypeError('a tool gives an object')
  return { content: [], structuredContent: outcome.result }
}
