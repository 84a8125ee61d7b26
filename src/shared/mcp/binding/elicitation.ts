import type { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { ElicitRequestFormParamsSchema, EmptyResultSchema } from '@modelcontextprotocol/sdk/types.js'
import type { Logger } from '../../logger.ts'
import { isJsonObject } from '../json-object.ts'
import { parseInput } from '../parse-input.ts'
import type { Elicit } from '../surface.ts'
import type { MethodRequest } from './method.ts'

/** Milliseconds that a person has for an answer: long enough to look something up. */
const ANSWER_MS = 600_000

const { requestedSchema } = ElicitRequestFormParamsSchema.shape
const NOTHING_TO_FILL_IN = { type: 'object', properties: {} }

/** How to ask the user behind a request of one session; undefined where its client did not say that it can. */
export function elicitation(server: Server, logger: Logger): (request: MethodRequest) => Elicit | undefined {
  let pinged = false
  return ({ extra: { requestId: relatedRequestId } }) => {
    if (server.getClientCapabilities()?.elicitation?.form === undefined) return undefined
    return async ({ message, schema = NOTHING_TO_FILL_IN }, signal) => {
      const asked = parseInput(requestedSchema, schema)
      const options = { relatedRequestId, signal, timeout: ANSWER_MS }
      try {
        // The SDK's clients do not hear that a request with the id 0 is cancelled, so the first one is no question.
        if (!pinged) await server.request({ method: 'ping' }, EmptyResultSchema, options)
        pinged = true
        const { action, content } = await server.elicitInput({ message, requestedSchema: asked }, options)
        if (action !== 'accept') return undefined
        return isJsonObject(content) ? content : {}
      } catch (error) {
        if (!signal.aborted) logger('info', 'a question to a person has no answer', { error: String(error) })
        return undefined
      }
    }
  }
}
