import { ToolmeshError } from '../errors.ts'
import type { ToolDescriptor } from '../tools/tool.ts'

/** A call could not be accepted; it has not run, so another runtime may take it. */
export class RuntimeBusyError extends ToolmeshError {
  constructor(runtime: string, why: string) {
    super('unavailable', `${runtime} cannot take the call: ${why}`)
  }
}

/** The runtime failed under a call (a worker died, a peer went): the call may have run. */
export class RuntimeLostError extends ToolmeshError {
  constructor(runtime: string, why: string, cause?: unknown) {
    super('unavailable', `${runtime} was lost during the call: ${why}`, { cause })
  }
}

/** Nobody in the mesh offers the tool; says what it needs. */
export class NoRuntimeError extends ToolmeshError {
  constructor(tool: ToolDescriptor) {
    const reach = tool.effects.reach.length === 0 ? '' : `, allowed to reach ${tool.effects.reach.join(', ')}`
    super('no_runtime', `no runtime offers ${tool.name}: it needs ${tool.platforms.join(' or ')}${reach}`)
  }
}

/** The run took longer than its limit and was ended. */
export class RunTimedOutError extends ToolmeshError {
  constructor(tool: string, limitMs: number) {
    super('timed_out', `${tool} took longer than ${limitMs} ms and was ended`)
  }
}

/** The caller cancelled the run. */
export class RunCancelledError extends ToolmeshError {
  constructor(tool: string) {
    super('cancelled', `${tool} was cancelled`)
  }
}
