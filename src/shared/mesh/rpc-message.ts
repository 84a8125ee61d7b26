import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js'

/** What a session needs to know of a JSON-RPC message; the SDK's schemas check the rest. */
export interface RpcMessage {
  jsonrpc: '2.0'
  id?: RequestId | null | undefined
  method?: string | undefined
  params?: Record<string, unknown> | undefined
  result?: Record<string, unknown> | undefined
  error?: { code: number; message: string; data?: unknown } | undefined
}

export interface RpcRequest extends RpcMessage {
  id: RequestId
  method: string
}

export interface RpcNotification extends RpcMessage {
  method: string
}

/** Without an id (`null`) only to say why the session closes. */
export interface RpcResponse extends RpcMessage {
  id: RequestId | null
}

export function isRequest(message: RpcMessage): message is RpcRequest {
  return message.method !== undefined && isRequestId(message.id)
}

export function isNotification(message: RpcMessage): message is RpcNotification {
  return message.method !== undefined && message.id === undefined
}

export function isResponse(message: RpcMessage): message is RpcResponse {
  if (message.method !== undefined || message.id === undefined) return false
  return message.error !== undefined || (message.id !== null && message.result !== undefined)
}

/** A JSON-RPC 2.0 message by its outline: every field that is there has its type. */
export function isRpcShape(value: unknown): value is RpcMessage {
  if (!isRecord(value) || value.jsonrpc !== '2.0') return false
  const { id, method, params, result, error } = value
  if (id !== undefined && id !== null && !isRequestId(id)) return false
  if (method !== undefined && typeof method !== 'string') return false
  if (params !== undefined && !isRecord(params)) return false
  if (result !== undefined && !isRecord(result)) return false
  return (
    error === undefined ||
    (isRecord(error) && Number.isSafeInteger(error.code) && typeof error.message === 'string')
  )
}

/** The same message as the SDK's type: it has an id that the SDK can hold. */
export function isSdkMessage(message: RpcMessage): message is RpcMessage & JSONRPCMessage {
  return isRequest(message) || isNotification(message) || (isResponse(message) && message.id !== null)
}

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || Number.isSafeInteger(value)
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
