import type { EventStore } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import {
  isJSONRPCErrorResponse,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
} from '@modelcontextprotocol/sdk/types.js'

export interface ReplayLimits {
  /** Events kept over all sessions; the oldest go first. */
  events: number
  /** Bytes (estimated) kept over all sessions. */
  bytes: number
}

/** Enough for the last answers of every session, without letting large results hold the node's memory. */
export const DEFAULT_REPLAY_LIMITS: ReplayLimits = { events: 10_000, bytes: 64 * 1024 * 1024 }

interface LoggedEvent {
  session: string
  stream: string
  message: JSONRPCMessage
  bytes: number
}

/**
 * What was sent on the event streams of all MCP sessions, kept for a while so that a client that lost its
 * stream can get the rest (MCP "Streamable HTTP: resumability"). Messages are kept as they are, not as text.
 */
export class ReplayLog {
  readonly #limits: ReplayLimits
  /** In order of their number. */
  readonly #events = new Map<number, LoggedEvent>()
  #bytes = 0
  #next = 1

  constructor(limits: ReplayLimits = DEFAULT_REPLAY_LIMITS) {
    this.#limits = limits
  }

  get size(): number {
    return this.#events.size
  }

  /** The log as the SDK's transport of one session sees it. */
  storeOf(session: string): EventStore {
    return {
      storeEvent: async (stream, message) => `${stream}.${this.#add({ session, stream, message })}`,
      getStreamIdForEventId: async id => {
        const stream = streamOf(id)
        return this.#after(session, stream, 0).length > 0 ? stream : undefined
      },
      replayEventsAfter: async (id, { send }) => {
        const stream = streamOf(id)
        for (const [number, { message }] of this.#after(session, stream, numberOf(id))) {
          if (!isPriming(message)) await send(`${stream}.${number}`, message)
        }
        return stream
      },
    }
  }

  /** What is left of a stream after an event, if its answer is among it: then nothing more will come on it. */
  finishedAfter(session: string, id: string): { id: string; message: JSONRPCMessage }[] | undefined {
    const stream = streamOf(id)
    const rest = this.#after(session, stream, numberOf(id)).map(([number, { message }]) => ({
      id: `${stream}.${number}`,
      message,
    }))
    return rest.some(({ message }) => isAnswer(message)) ? rest : undefined
  }

  forget(session: string): void {
    for (const [number, event] of this.#events) if (event.session === session) this.#drop(number, event)
  }

  #add(event: Omit<LoggedEvent, 'bytes'>): number {
    const number = this.#next
    this.#next += 1
    const bytes = estimateBytes(event.message)
    this.#events.set(number, { ...event, bytes })
    this.#bytes += bytes
    for (const [oldest, logged] of this.#events) {
      if (this.#events.size <= this.#limits.events && this.#bytes <= this.#limits.bytes) break
      this.#drop(oldest, logged)
    }
    return number
  }

  #drop(number: number, event: LoggedEvent): void {
    this.#events.delete(number)
    this.#bytes -= event.bytes
  }

  #after(session: string, stream: string, number: number): [number, LoggedEvent][] {
    return [...this.#events].filter(
      ([each, event]) => each > number && event.session === session && event.stream === stream,
    )
  }
}

/** The SDK opens a stream with an event that has an id and no message. */
function isPriming(message: object): boolean {
  return !('jsonrpc' in message)
}

function isAnswer(message: JSONRPCMessage): boolean {
  return isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)
}

function streamOf(id: string): string {
  return id.slice(0, id.lastIndexOf('.'))
}

/** NaN for an id that is not ours: no event is after it. */
function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('.') + 1))
}

/** A lower bound of what a JSON value takes in memory; far cheaper than writing it out. */
function estimateBytes(value: unknown): number {
  if (typeof value === 'string') return value.length + 8
  if (typeof value !== 'object' || value === null) return 8
  let bytes = 16
  for (const key in value) bytes += key.length + estimateBytes(Reflect.get(value, key))
  return bytes
}
