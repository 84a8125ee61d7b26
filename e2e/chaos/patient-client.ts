/** A client that asks again until it is answered, as its node may be dead, or unable to take anything, for a while. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { z } from 'zod'
import { connectClient } from '../node-process.ts'

/** An answer that does not come (its node was killed in the middle) is asked for again after this. */
const ANSWER_WITHIN_MS = 10_000
const AGAIN_AFTER_MS = 100

const refusalSchema = z.object({ code: z.string(), retryable: z.boolean() })

export class PatientClient {
  /** Calls that failed, and codes of refusals, with how often. */
  readonly failures = new Map<string, number>()
  readonly #node: { origin: string }
  #client: Client | undefined

  /** `origin` must stay the same when the node is started again. */
  constructor(node: { origin: string }) {
    this.#node = node
  }

  /** What a tool answers. Throws when it refuses in a way that the same call would be refused again. */
  async call<T>(name: string, args: Record<string, unknown>, waitMs = 0): Promise<T> {
    for (;;) {
      const answer = await this.#ask(name, args, ANSWER_WITHIN_MS + waitMs)
      if (answer !== undefined && !answer.isError) return answer.structuredContent as T
      if (answer !== undefined) {
        const { code, retryable } = refusalSchema.parse(answer.structuredContent)
        if (!retryable) throw new Error(`${name}: ${JSON.stringify(answer.structuredContent)}`)
        this.#failed(code)
      }
      await new Promise(resolve => setTimeout(resolve, AGAIN_AFTER_MS))
    }
  }

  async close(): Promise<void> {
    await this.#client?.close()
  }

  async #ask(name: string, args: Record<string, unknown>, timeout: number) {
    try {
      this.#client ??= await connectClient(this.#node)
      return await this.#client.callTool({ name, arguments: args }, undefined, { timeout })
    } catch (error) {
      this.#failed(error instanceof Error ? error.message.slice(0, 60) : String(error))
      await this.#client?.close().catch(() => undefined)
      this.#client = undefined
      return undefined
    }
  }

  #failed(why: string): void {
    this.failures.set(why, (this.failures.get(why) ?? 0) + 1)
  }
}
