/** Workflows over a real engine and queue, with a worker that runs their tasks at once: not part of the product. */
import type { Principal } from '../../authority/principal.ts'
import { settle, TestWorker } from '../../queue/queue.fixture.ts'
import type { AttemptHooks, Outcome } from '../../queue/task.ts'
import type { Assignment } from '../../queue/work.ts'
import type { Json, JsonObject } from '../../tools/tool.ts'
import { alice, MeshToolsFixture } from '../mesh-tools.fixture.ts'

type Run = (input: Json, tool: string) => Json | Promise<Json>

/** Ends each attempt with what `run` gives, or as failed for good when it throws. */
class QuickWorker extends TestWorker {
  run_: Run = input => ({ got: input })

  override async run(assignment: Assignment, _hooks: AttemptHooks): Promise<Outcome> {
    try {
      return { state: 'succeeded', result: await this.run_(assignment.input, assignment.tool) }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      return { state: 'failed', error: { code: 'tool_failed', message, retryable: false } }
    }
  }
}

export class WorkflowTools {
  readonly mesh: MeshToolsFixture
  readonly #worker: QuickWorker

  private constructor(mesh: MeshToolsFixture) {
    this.mesh = mesh
    this.#worker = new QuickWorker('peer-w')
    mesh.test.queue.announce(this.#worker, this.#worker.announcement(100))
  }

  static async open(): Promise<WorkflowTools> {
    const tools = new WorkflowTools(await MeshToolsFixture.open())
    await settle()
    return tools
  }

  /** What the tool `work` does from now on; unless told otherwise it gives `{got: <its input>}`. */
  set run(run: Run) {
    this.#worker.run_ = run
  }

  /** Calls `p2p_workflow_<name>`. */
  call(name: string, input: JsonObject, principal: Principal = alice): Promise<JsonObject> {
    return this.mesh.call(`p2p_workflow_${name}`, input, principal)
  }

  /** The id of a workflow of these steps. */
  async submitted(steps: Json[], more: JsonObject = {}, principal: Principal = alice): Promise<string> {
    const workflow = { name: 'digest', steps, ...more }
    const { workflow_id } = await this.call('submit', { workflow }, principal)
    return String(workflow_id)
  }

  /** How it ended. */
  ended(workflow_id: string, principal: Principal = alice): Promise<JsonObject> {
    return this.call('result', { workflow_id, wait_ms: 30_000 }, principal)
  }

  /** Waits until the workflow is in one of these states. */
  async reaches(workflow_id: string, ...states: string[]): Promise<void> {
    const { workflows } = this.mesh
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = async () => {
      if (states.includes((await workflows.head(workflow_id)).state)) resolve()
    }
    const stop = workflows.onChange(() => void look())
    await look()
    await promise
    stop()
  }
}

/** A step that runs the tool `work`. */
export function step(id: string, more: JsonObject = {}): JsonObject {
  return { id, tool: 'work', ...more }
}
