import { BadManifestError } from './errors.ts'
import type { ToolDescriptor } from './tool.ts'

/** What this build can run, by descriptions alone: no tool's code is imported to make or read it. */
export class Catalogue {
  readonly #byName = new Map<string, ToolDescriptor>()

  /** Throws {@link BadManifestError} when two tools share a name. */
  constructor(descriptors: Iterable<ToolDescriptor>) {
    for (const descriptor of descriptors) {
      if (this.#byName.has(descriptor.name))
        throw new BadManifestError(`two tools are named ${descriptor.name}`)
      this.#byName.set(descriptor.name, descriptor)
    }
  }

  get(name: string): ToolDescriptor | undefined {
    return this.#byName.get(name)
  }

  /** All tools, or those of one category, in the order they were given. */
  list(category?: string): ToolDescriptor[] {
    const all = [...this.#byName.values()]
    return category === undefined ? all : all.filter(tool => tool.category === category)
  }

  /** Each category with the number of its tools, in order of first appearance. */
  categories(): { category: string; tools: number }[] {
    const counts = new Map<string, number>()
    for (const { category } of this.#byName.values()) counts.set(category, (counts.get(category) ?? 0) + 1)
    return [...counts].map(([category, tools]) => ({ category, tools }))
  }
}
