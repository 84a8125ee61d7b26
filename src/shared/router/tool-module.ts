import { ToolmeshError } from '../errors.ts'
import type { Tool } from '../tools/tool.ts'

/** Imports a tool's module by its name relative to `tools/`; resolves with the module's namespace. */
export type ImportModule = (module: string) => Promise<unknown>

/** The module of a tool could not be imported here and now: another worker, or a later try, may have it. */
export class ToolImportError extends ToolmeshError {
  constructor(module: string, cause: unknown) {
    super('unavailable', `tools/${module}: cannot be imported: ${String(cause)}`, { cause })
  }
}

/** The module of a tool does not hold the tool that the catalogue says. */
export class BadToolModuleError extends ToolmeshError {
  constructor(module: string, why: string) {
    super('internal', `tools/${module}: ${why}`)
  }
}

/** Loads tools at their first call and keeps them. A failed import is tried again at the next call. */
export class ToolLoader {
  readonly #import: ImportModule
  readonly #tools = new Map<string, Tool>()

  constructor(importModule: ImportModule) {
    this.#import = importModule
  }

  /** Throws ToolImportError, BadToolModuleError. */
  async load(module: string, name: string): Promise<Tool> {
    const known = this.#tools.get(module)
    if (known !== undefined) return known
    const tool = toolOf(module, name, await this.#importOrThrow(module))
    this.#tools.set(module, tool)
    return tool
  }

  async #importOrThrow(module: string): Promise<unknown> {
    try {
      return await this.#import(module)
    } catch (error) {
      throw new ToolImportError(module, error)
    }
  }
}

function toolOf(module: string, name: string, namespace: unknown): Tool {
  const tool =
    typeof namespace === 'object' && namespace !== null && 'default' in namespace
      ? namespace.default
      : undefined
  if (!isTool(tool)) throw new BadToolModuleError(module, 'its default export is no tool')
  if (tool.name !== name) throw new BadToolModuleError(module, `holds ${tool.name}, not ${name}`)
  return tool
}

function isTool(value: unknown): value is Tool {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'run' in value &&
    typeof value.run === 'function' &&
    'input' in value &&
    'output' in value
  )
}
