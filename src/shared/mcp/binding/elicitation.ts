import type { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { ElicitRequestFormParamsSchema } from '@modelcontextprotocol/sdk/types.js'
import type { Logger } from '../../logger.ts'
import { isJsonObject } from '../json-object.ts'
import { parseInput } from '../parse-input.ts'
import type { Elicit } from '../surface.ts'
import type { MethodRequest } from './method.ts'

/** Milliseconds that a person has for an answer: long enough to look something up. */
const ANSWER_MS = 600_000

const { requestedSchema } = ElicitRequestFormParamsSchema.shape

/** How to ask the user of the client that made a request; undefined where the client did not say that it can. */
export function elicitOf(server: Server, { extra }: MethodRequest, logger: Logger): Elicit | undefined {
  if (server.getClientCapabilities()?.elicitation?.form === undefined) return undefined
  return async ({ message, schema = NOTHING_TO_FILL_IN }, signal) => {
    const asked = parseInput(requestedSchema, schema)
    const options = { relatedRequestId: extra.requestId, signal, timeout: ANSWER_MS }
    try {
      const { action, content } = await server.elicitInput({ message, requestedSchema: asked }, options)
      if (action !== 'accept') return undefined
      return isJsonObject(content) ? content : {}
    } catch (error) {
      if (!signal.aborted) logger('info', 'a question to a person has no answer', { error: String(error) })
      return undefined
    }
  }
}

const NOTHING_TO_FILL_IN = { type: 'object', properties: {} }
