import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { WorkflowHead } from './workflow.ts'

export interface HeadFeedInit {
  headOf: (workflowId: string) => Promise<WorkflowHead | undefined>
  logger: Logger
}

/** Who hears of changed workflows. Changes that come while one is read are told as one. */
export class HeadFeed {
  readonly #init: HeadFeedInit
  readonly #listeners = new Set<(head: WorkflowHead) => void>()
  readonly #changed = new Set<string>()
  #telling = false

  constructor(init: HeadFeedInit) {
    this.#init = init
  }

  onChange(listener: (head: WorkflowHead) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  changed(workflowId: string): void {
    if (this.#listeners.size === 0) return
    this.#changed.add(workflowId)
    if (!this.#telling) void this.#tell()
  }

  /** Resolves when the workflow is as `isSo` says, or after `ms`. */
  async until(
    workflowId: string,
    isSo: (head: WorkflowHead) => boolean,
    ms: number,
    clock: Clock,
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const stopListening = this.onChange(head => {
      if (head.workflow_id === workflowId && isSo(head)) resolve()
    })
    const stopTimer = clock.after(ms, resolve)
    this.changed(workflowId)
    await promise
    stopListening()
    stopTimer()
  }

  close(): void {
    this.#listeners.clear()
    this.#changed.clear()
  }

  async #tell(): Promise<void> {
    this.#telling = true
    for (const id of this.#changed) {
      this.#changed.delete(id)
      try {
        const head = await this.#init.headOf(id)
        if (head !== undefined) for (const listener of [...this.#listeners]) listener(head)
      } catch (error) {
        this.#init.logger('warning', 'a change of a workflow could not be told', { error: String(error) })
      }
    }
    this.#telling = false
  }
}
