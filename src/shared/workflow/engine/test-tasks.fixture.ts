/** A queue that outlives the engines that use it, for tests of them: not part of the product. */
import type { Clock } from '../../clock.ts'
import { type ErrorFacts, ToolmeshError } from '../../errors.ts'
import type { SubmitReceipt } from '../../queue/requests/submission.ts'
import type { EndListener } from '../../queue/step-tasks.ts'
import type { TaskRequest, TaskState } from '../../queue/task.ts'
import { TERMINAL_STATES } from '../../queue/task.ts'
import type { Json, ToolDescriptor } from '../../tools/tool.ts'
import type { StepTask, TaskEnd, TaskPort } from '../ports.ts'

/** What becomes of a task: after `ms` (none: never by itself), with a result or an error. */
export interface TestOutcome {
  ms?: number
  result?: Json
  error?: ErrorFacts
}

export interface TestTask {
  task_id: string
  key: string
  request: TaskRequest
  principal: string
  state: TaskState
  end?: TaskEnd
}

export class TestTasks implements TaskPort {
  /** By their keys, in the order in which they were made. */
  readonly byKey = new Map<string, TestTask>()
  /** What becomes of each; by default it succeeds after 1 ms with its params. */
  outcome: (task: TestTask) => TestOutcome = task => ({ ms: 1, result: task.request.params })
  /** Rejects submits while it is set. */
  full: ToolmeshError | undefined
  /** The receipt of each while it is set. */
  refusal: ToolmeshError | undefined
  readonly #byId = new Map<string, TestTask>()
  readonly #clock: Clock
  readonly #fenceOf: (workflowId: string) => number | undefined
  readonly #listeners = new Set<EndListener>()
  /** Largest number that ran at once. */
  mostRunning = 0
  #running = 0

  constructor(clock: Clock, fenceOf: (workflowId: string) => number | undefined) {
    this.#clock = clock
    this.#fenceOf = fenceOf
  }

  async submit(tasks: readonly StepTask[]): Promise<SubmitReceipt[]> {
    if (this.full !== undefined) throw this.full
    return tasks.map(task => this.#submit(task))
  }

  async ends(taskIds: readonly string[]): Promise<TaskEnd[]> {
    return taskIds.flatMap(id => {
      const task = this.#byId.get(id)
      return task === undefined ? [] : (task.end ?? { task_id: id, state: task.state })
    })
  }

  async open(principal: string, prefix: string): Promise<Map<string, string>> {
    const open = [...this.byKey.values()].filter(
      task => task.principal === principal && task.end === undefined,
    )
    return new Map(open.flatMap(({ key, task_id }) => (key.startsWith(prefix) ? [[key, task_id]] : [])))
  }

  async cancel(taskId: string, reason: string): Promise<void> {
    const error: ErrorFacts = { code: 'cancelled', message: reason, retryable: false }
    this.#end(this.#byId.get(taskId), 'cancelled', { error })
  }

  onEnded(listener: EndListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Ends a task that does not end by itself. */
  end(task: TestTask, { result, error }: TestOutcome): void {
    this.#end(task, error === undefined ? 'succeeded' : 'failed', {
      ...(error === undefined ? { result: JSON.stringify(result ?? null) } : { error }),
    })
  }

  /** The task of a step, by the end of its key: `/1/fetch/-`. */
  of(end: string): TestTask | undefined {
    return [...this.byKey.values()].find(({ key }) => key.endsWith(end))
  }

  #submit({ principal, request, key, guard }: StepTask): SubmitReceipt {
    if (this.#fenceOf(guard.workflow_id) !== guard.fence)
      return { error: new ToolmeshError('stale_fence', 'an older fence').toFacts() }
    if (this.refusal !== undefined) return { error: this.refusal.toFacts() }
    const before = this.byKey.get(key)
    if (before !== undefined) return { task_id: before.task_id, state: before.state, deduplicated: true }
    const task: TestTask = {
      task_id: `task-${this.byKey.size + 1}`,
      key,
      request: structuredClone(request),
      principal,
      state: 'queued',
    }
    this.byKey.set(key, task)
    this.#byId.set(task.task_id, task)
    this.#running += 1
    this.mostRunning = Math.max(this.mostRunning, this.#running)
    const { ms, ...outcome } = this.outcome(task)
    if (ms !== undefined) this.#clock.after(ms, () => this.end(task, outcome))
    return { task_id: task.task_id, state: 'queued', deduplicated: false }
  }

  #end(task: TestTask | undefined, state: TaskState, more: Pick<TaskEnd, 'result' | 'error'>): void {
    if (task === undefined || TERMINAL_STATES.has(task.state)) return
    task.state = state
    task.end = { task_id: task.task_id, state, ...more }
    this.#running -= 1
    for (const listener of [...this.#listeners])
      listener(task.task_id, state === 'succeeded' ? task.end : undefined)
  }
}

/** A tool that takes and gives any object. */
export function anyTool(name: string, repeat: 'pure' | 'once' = 'pure'): ToolDescriptor {
  return {
    name,
    category: 'test',
    title: name,
    description: name,
    effects: { repeat, reach: [] },
    platforms: ['node', 'browser'],
    inline_max_bytes: 0,
    input_schema: { type: 'object' },
    output_schema: {},
    interface_cid: `interface-${name}`,
    code_cid: `code-${name}`,
    module: `test/${name}.ts`,
  }
}
