/** What a scenario measured, printed as a table when it ends, however it ends. */
export class Measured {
  readonly #title: string
  readonly #rows: [what: string, value: string][] = []

  constructor(title: string) {
    this.#title = title
  }

  row(what: string, value: string | number): void {
    this.#rows.push([what, String(value)])
  }

  /** A time beside its goal, both in ms; a goal that was missed is printed, not an error: the machine may be busy. */
  goal(what: string, ms: number, goalMs: number): void {
    this.row(what, `${Math.round(ms)} ms (goal ${goalMs} ms: ${ms <= goalMs ? 'met' : 'MISSED'})`)
  }

  print(): void {
    const width = Math.max(...this.#rows.map(([what]) => what.length))
    const lines = this.#rows.map(([what, value]) => `  ${what.padEnd(width)}  ${value}`)
    console.log(`\n${this.#title}\n${lines.join('\n')}\n`)
  }
}
