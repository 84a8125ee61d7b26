/** A client that keeps book of what was acknowledged to it, and repeats what was not. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { z } from 'zod'
import { connectClient } from '../node-process.ts'

/** An answer that does not come (its node was killed in the middle) is asked for again after this. */
const ANSWER_WITHIN_MS = 10_000
const AGAIN_AFTER_MS = 100

export interface Job {
  tool: string
  params: Record<string, unknown>
  /** What the committed result must be. */
  expected: unknown
  requires?: string[]
}

export interface Acknowledged extends Job {
  key: string
  task_id: string
}

const receiptsSchema = z.object({
  tasks: z.array(
    z.object({ task_id: z.string().optional(), error: z.object({ code: z.string() }).optional() }),
  ),
})

export class Submitter {
  readonly acknowledged = new Map<string, Acknowledged>()
  /** Calls that failed, and codes of refusals, with how often. */
  readonly failures = new Map<string, number>()
  readonly #node: { origin: string }
  #client: Client | undefined

  /** `origin` must stay the same when the node is started again. */
  constructor(node: { origin: string }) {
    this.#node = node
  }

  /** Submits jobs in batches, one after another, until each is acknowledged. Keys begin with `name`. */
  async submitAll(name: string, jobs: readonly Job[], batch: number): Promise<Acknowledged[]> {
    const keyed = jobs.map((job, n) => ({ ...job, key: `${name}-${n}` }))
    for (let at = 0; at < keyed.length; at += batch) {
      const part = keyed.slice(at, at + batch)
      for (;;) {
        const open = part.filter(({ key }) => !this.acknowledged.has(key))
        if (open.length === 0) break
        if (!(await this.#submit(open))) await new Promise(resolve => setTimeout(resolve, AGAIN_AFTER_MS))
      }
    }
    return keyed.flatMap(({ key }) => this.acknowledged.get(key) ?? [])
  }

  /** Submits once; gives the code of the first refusal, or undefined when all were acknowledged. */
  async submitOnce(name: string, jobs: readonly Job[]): Promise<string | undefined> {
    const before = new Map(this.failures)
    const keyed = jobs.map((job, n) => ({ ...job, key: `${name}-${n}` }))
    if (await this.#submit(keyed)) return undefined
    return [...this.failures].find(([code, times]) => before.get(code) !== times)?.[0] ?? 'no answer'
  }

  async close(): Promise<void> {
    await this.#client?.close()
  }

  /** Whether each was acknowledged now. */
  async #submit(jobs: readonly (Job & { key: string })[]): Promise<boolean> {
    try {
      this.#client ??= await connectClient(this.#node)
      const tasks = jobs.map(({ tool, params, requires, key }) => ({
        ...{ tool, params, idempotency_key: key, retry: { max_attempts: 50 } },
        ...(requires === undefined ? {} : { requires }),
      }))
      const answer = await this.#client.callTool(
        { name: 'p2p_taskqueue_submit', arguments: { tasks } },
        undefined,
        { timeout: ANSWER_WITHIN_MS },
      )
      if (answer.isError) {
        this.#failed(z.object({ code: z.string() }).parse(answer.structuredContent).code)
        return false
      }
      return this.#book(jobs, receiptsSchema.parse(answer.structuredContent).tasks)
    } catch (error) {
      if (error instanceof z.ZodError) throw error
      this.#failed(error instanceof Error ? error.message.slice(0, 60) : String(error))
      await this.#client?.close().catch(() => undefined)
      this.#client = undefined
      return false
    }
  }

  #book(
    jobs: readonly (Job & { key: string })[],
    receipts: z.infer<typeof receiptsSchema>['tasks'],
  ): boolean {
    if (receipts.length !== jobs.length) throw new RangeError('not a receipt for each task')
    let all = true
    for (const [n, job] of jobs.entries()) {
      const { task_id, error } = receipts[n] ?? {}
      if (task_id === undefined) {
        this.#failed(error?.code ?? 'no receipt')
        all = false
      } else {
        this.acknowledged.set(job.key, { ...job, task_id })
      }
    }
    return all
  }

  #failed(why: string): void {
    this.failures.set(why, (this.failures.get(why) ?? 0) + 1)
  }
}
