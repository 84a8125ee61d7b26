/** Engines that only keep book, and workflows to own: not part of the product. */
import type { Clock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import type { NewWorkflow, WorkflowStore } from '../store/store.ts'
import type { WorkflowHead } from '../workflow.ts'
import type { OwnedEngine } from './engine-port.ts'
import { Ownership } from './ownership.ts'

/** Remembers what it was given, with the fence. */
export class BookEngine implements OwnedEngine {
  readonly mine = new Map<string, number>()
  starts = true

  has(workflowId: string): boolean {
    return this.mine.has(workflowId)
  }

  open(): Iterable<string> {
    return this.mine.keys()
  }

  adopt(heads: readonly WorkflowHead[]): void {
    for (const { workflow_id, fence } of heads) this.mine.set(workflow_id, fence)
  }

  drop(workflowIds: readonly string[]): void {
    for (const id of workflowIds) this.mine.delete(id)
  }

  startNothing(): void {
    this.starts = false
  }
}

export const LEASE_MS = 9_000

export function openEngine(store: WorkflowStore, clock: Clock, name: string) {
  const engine = new BookEngine()
  const ownership = new Ownership({
    store,
    engine,
    engineId: name,
    node: `node-of-${name}`,
    leaseMs: LEASE_MS,
    clock,
    logger: silentLogger,
  })
  return { name, engine, ownership }
}

/** A store with some of its methods in place of its own. */
export function withParts(store: WorkflowStore, parts: Partial<WorkflowStore>): WorkflowStore {
  return new Proxy(store, {
    get(target, name) {
      const part: unknown = Reflect.get(parts, name) ?? Reflect.get(target, name)
      return typeof part === 'function' ? part.bind(target) : part
    },
  })
}

export function workflowOf(id: string, owner: string | undefined, at: number): NewWorkflow {
  const head: WorkflowHead = {
    workflow_id: id,
    name: 'test',
    definition_cid: 'cid',
    principal: 'local',
    state: 'running',
    ...(owner === undefined ? {} : { owner }),
    fence: 1,
    seq: 1,
    generation: 1,
    created_at: at,
    changed_at: at,
    steps: { pending: 1, waiting: 0, running: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 },
    failed_steps: 0,
    root_id: id,
    depth: 0,
    labels: {},
    metadata: {},
  }
  return { head, events: [{ seq: 1, at, kind: 'submitted', by: 'local' }], bodies: [] }
}
