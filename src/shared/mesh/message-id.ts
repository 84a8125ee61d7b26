/**
 * Ids on a shared stream. The SDK's Client and Server both count from 0, so each id that we make carries the
 * mark of its maker: `c:` our Client's, `s:` our Server's, `m:` the session's own.
 */
import type { RequestId } from '@modelcontextprotocol/sdk/types.js'
import { isRequestId } from './rpc-message.ts'

export type Maker = 'c' | 's' | 'm'

/** The raw id's JSON behind the mark, so that a number comes back as a number. */
export function markId(maker: Maker, raw: RequestId): string {
  return typeof raw === 'number' ? `${maker}:${raw}` : `${maker}:${JSON.stringify(raw)}`
}

/** Who made a marked id; undefined for an id of a peer that does not mark. */
export function makerOf(id: unknown): Maker | undefined {
  if (typeof id !== 'string' || id[1] !== ':') return undefined
  const mark = id[0]
  return mark === 'c' || mark === 's' || mark === 'm' ? mark : undefined
}

/** The raw id of one that we marked; undefined for one that we never made. */
export function rawId(marked: string): RequestId | undefined {
  try {
    const raw: unknown = JSON.parse(marked.slice(2))
    return isRequestId(raw) ? raw : undefined
  } catch {
    return undefined
  }
}
