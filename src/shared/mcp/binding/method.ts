import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { Notification, Request } from '@modelcontextprotocol/sdk/types.js'
import type { Principal } from '../../authority/principal.ts'

/** One request as the SDK hands it over, with who made it. */
export interface MethodRequest {
  readonly principal: Principal
  readonly extra: RequestHandlerExtra<Request, Notification>
}

/** One JSON-RPC method: gets its raw params and parses them itself. Its role stands in the table of roles. */
export type Method = (params: unknown, request: MethodRequest) => Promise<object> | object
