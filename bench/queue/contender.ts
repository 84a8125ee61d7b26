/** A task queue under measurement: each is measured by the same code, in a process of its own. */
export interface Contender {
  /** Puts in one no-op task for each number, in one call; resolves when they are as durable as its mode says. */
  submit(numbers: readonly number[]): Promise<unknown>
  /** Runs tasks in this process, at most `concurrency` at once; tells the number of each once its end is stored. */
  work(concurrency: number, onDone: (number: number) => void): Promise<{ stop(): Promise<void> }>
  close(): Promise<void>
}

/** Tasks in one submit of many. */
export const BATCH = 100

/** What each task carries, about 100 bytes of JSON. */
export interface Payload {
  n: number
  text: string
}

const TEXT = 'a'.repeat(80)

export function payloadOf(n: number): Payload {
  return { n, text: TEXT }
}
