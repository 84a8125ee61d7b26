import type { Json, LogLine, Progress, ToolDescriptor } from '../tools/tool.ts'

/** One run of a tool that a runtime is asked for. The input is already valid against the tool's schema. */
export interface RuntimeCall {
  tool: ToolDescriptor
  input: Json
  /** Milliseconds that the run may take; then it is ended and fails with `timed_out`. */
  timeoutMs: number
  signal: AbortSignal
  onProgress?: (progress: Progress) => void
  onLog?: (line: LogLine) => void
}

export type RuntimeKind = 'inline' | 'worker' | 'peer' | 'upstream'

/** How busy a runtime is, for the router's score. */
export interface RuntimeLoad {
  running: number
  waiting: number
  capacity: number
}

/**
 * A place where calls run. Contract, held by `runtime.compliance.ts` for every driver:
 * - `run` resolves with the tool's output, valid against its output schema;
 * - the tool's own failure rejects with a ToolmeshError (`tool_failed`, `invalid_input`, `timed_out`, `cancelled`…);
 * - a failure of the runtime itself (worker died, peer went) rejects with `RuntimeLostError`: the call may have run;
 * - a call that could not be accepted at all rejects with `RuntimeBusyError` (`unavailable`): it has not run;
 * - abort ends the run: first the tool's signal, after a grace its worker.
 */
export interface Runtime {
  readonly id: string
  readonly kind: RuntimeKind
  offers(tool: ToolDescriptor): boolean
  load(): RuntimeLoad
  run(call: RuntimeCall): Promise<Json>
  close(): Promise<void>
}
