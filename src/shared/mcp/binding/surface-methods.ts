import type { LoggingLevel } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import type { Principal } from '../../authority/principal.ts'
import type { Logger } from '../../logger.ts'
import { jsonObject } from '../json-object.ts'
import { parseInput } from '../parse-input.ts'
import type { Elicit, Surface } from '../surface.ts'
import { callContext, LOGGING_LEVELS } from './call-stream.ts'
import type { Method, MethodRequest } from './method.ts'
import type { Subscriptions } from './subscriptions.ts'

export interface SurfaceMethodsComponents {
  surface: Surface
  subscriptions: Subscriptions
  /** Tells the client that a resource changed. */
  notifyUpdated(uri: string): void
  /** How to ask the user behind a request; undefined where its client cannot. */
  elicit(request: MethodRequest): Elicit | undefined
  /** Who the session speaks for now; undefined once that is no longer valid. */
  principal(): Principal | undefined
  logger: Logger
}

/** MCP's methods over a surface, for one session. `initialize` and `ping` are the SDK's. */
export function surfaceMethods(components: SurfaceMethodsComponents): Record<string, Method> {
  const { surface, subscriptions, notifyUpdated, principal: principalNow, logger } = components
  let level: LoggingLevel = 'info'

  return {
    'tools/list': (_params, { principal }) => ({ tools: surface.listTools(principal) }),

    'tools/call'(params, request) {
      const { name, arguments: input = {} } = parseInput(callParams, params)
      const elicit = components.elicit(request)
      return surface.callTool(name, input, {
        ...callContext(request, name, () => level, logger),
        ...(elicit === undefined ? {} : { elicit }),
      })
    },

    'logging/setLevel'(params) {
      level = parseInput(levelParams, params).level
      return {}
    },

    'resources/list': (_params, { principal }) => ({ resources: surface.listResources(principal) }),

    'resources/templates/list': (_params, { principal }) => ({
      resourceTemplates: surface.listResourceTemplates(principal),
    }),

    async 'resources/read'(params, { principal }) {
      const { uri } = parseInput(uriParams, params)
      const view = await surface.readResource(uri, principal)
      return { contents: [{ uri, mimeType: 'application/json', text: JSON.stringify(view) }] }
    },

    'resources/subscribe'(params, { principal }) {
      const { uri } = parseInput(uriParams, params)
      subscriptions.add(uri, () =>
        surface.subscribe(uri, principal, () => {
          if (principalNow() === undefined) subscriptions.clear()
          else notifyUpdated(uri)
        }),
      )
      return {}
    },

    'resources/unsubscribe'(params) {
      subscriptions.remove(parseInput(uriParams, params).uri)
      return {}
    },
  }
}

const callParams = z.object({ name: z.string(), arguments: jsonObject.optional() })
const levelParams = z.object({ level: z.enum(LOGGING_LEVELS) })
const uriParams = z.object({ uri: z.string().max(2048) })
