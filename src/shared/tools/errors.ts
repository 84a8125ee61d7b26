import { ToolmeshError } from '../errors.ts'

/** What a tool throws for input that its schema cannot refuse. */
export { InvalidInputError } from '../errors.ts'

/** A tool threw, or gave back what its output schema does not allow. May be tried again. */
export class ToolFailedError extends ToolmeshError {
  constructor(tool: string, reason: string, cause?: unknown) {
    super('tool_failed', `${tool} failed: ${reason}`, { cause })
  }
}

/** The run was ended by its caller before it had an outcome. */
export class ToolCancelledError extends ToolmeshError {
  constructor(tool: string, cause?: unknown) {
    super('cancelled', `${tool} was cancelled`, { cause })
  }
}

/** A tool's definition breaks a rule of the catalogue: its author has to mend it. */
export class BadToolError extends ToolmeshError {
  constructor(tool: string, reason: string, cause?: unknown) {
    super('internal', `the definition of ${tool} cannot be used: ${reason}`, { cause })
  }
}

/** The build's list of tools is damaged or was made by another version. */
export class BadManifestError extends ToolmeshError {
  constructor(reason: string, cause?: unknown) {
    super('internal', `the tool manifest cannot be read: ${reason}`, { cause })
  }
}
