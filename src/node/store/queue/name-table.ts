/** Strings that come again and again in one text, each once: what names one says its place. */
export class NameTable {
  readonly #places = new Map<string, number>()

  /** In the order of their places. */
  get all(): string[] {
    return [...this.#places.keys()]
  }

  place(name: string): number {
    const known = this.#places.get(name)
    if (known !== undefined) return known
    this.#places.set(name, this.#places.size)
    return this.#places.size - 1
  }
}
