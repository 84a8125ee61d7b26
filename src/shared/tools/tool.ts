import type { z } from 'zod'
import type { LogLevel } from '../logger.ts'

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }
/** A JSON Schema 2020-12 document with an object at its root. */
export type JsonSchema = JsonObject

/**
 * What happens when a call is run twice.
 * - `pure`: same input, same output, no trace in the world; may be repeated and cached.
 * - `idempotent`: repeating changes nothing more than the first run did.
 * - `once`: must not be repeated without an idempotency key or `retry: always`.
 */
export type Repeat = 'pure' | 'idempotent' | 'once'

/** What a tool reaches outside its own memory; each must be allowed where the tool runs. */
export type Reach = 'network' | 'filesystem' | 'process'

export interface Effects {
  repeat: Repeat
  reach: readonly Reach[]
}

/** Platforms that can run a tool's code; a peer's `runtime:` label is one of these. */
export type Platform = 'node' | 'deno' | 'browser'

export interface ToolContext {
  /** Aborted when the call is cancelled, overruns or its runtime shuts down. */
  readonly signal: AbortSignal
  /** Reports progress: `done` grows, `total` (if known) is in the same unit. */
  progress(done: number, total?: number, message?: string): void
  log(level: LogLevel, message: string, data?: Json): void
}

/** A tool as its author writes it: the default export of `tools/<category>/<tool>.ts`. */
export interface Tool<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  /** snake_case, unique in the catalogue, at most 64 characters. */
  readonly name: string
  readonly category: string
  readonly title: string
  /** For an agent that chooses by it: what it does, on what, and what comes back. */
  readonly description: string
  readonly effects: Effects
  readonly platforms: readonly Platform[]
  /**
   * Largest input (bytes of its JSON) that may run on a node's event loop instead of in a worker thread.
   * 0 (the default) means never inline. Give more only where such an input takes well under a millisecond.
   */
  readonly inlineMaxBytes: number
  readonly input: I
  readonly output: O
  run(input: z.output<I>, context: ToolContext): Promise<z.input<O>> | z.input<O>
}

/** What the catalogue knows of a tool without importing its code; plain JSON, made by the build. */
export interface ToolDescriptor {
  name: string
  category: string
  title: string
  description: string
  effects: Effects
  platforms: readonly Platform[]
  inline_max_bytes: number
  input_schema: JsonSchema
  output_schema: JsonSchema
  /** CID of the tool's definition (all fields above, canonical JSON). */
  interface_cid: string
  /** CID over the tool's code with all that it imports; equal on every platform of one build. */
  code_cid: string
  /** The tool's module, relative to the `tools/` folder: `text/text_chunk.ts`. */
  module: string
}

/** Progress of one call: `done` only grows. */
export interface Progress {
  done: number
  total?: number
  message?: string
}

/** One log message of one call. */
export interface LogLine {
  level: LogLevel
  message: string
  data?: Json
}
