import type { ErrorFacts } from '../../../shared/errors.ts'
import type { CacheDatabase } from '../cache/cache-database.ts'
import type { WorkflowTables } from '../workflow/workflow-tables.ts'
import type { QueueDatabase } from './queue-database.ts'

/** What the store asks of its thread: a method of its database. Both ends are this module's build, nothing else can speak here. */
export type ThreadMethod = Exclude<keyof QueueDatabase, 'readWorkflows' | 'writeWorkflows'>

/** Commands and replies go as text (see `command-codec.ts`, `reply-codec.ts`), which costs a fraction of what cloning the objects does. */
export type ThreadArgs<M extends ThreadMethod> = M extends 'apply' ? [string] : Parameters<QueueDatabase[M]>
export type ThreadValue<M extends ThreadMethod> = M extends 'apply' ? string : ReturnType<QueueDatabase[M]>

/** What is asked about workflows: a method of their tables, as a transaction where it changes something. */
export type WorkflowMethod = Exclude<keyof WorkflowTables, 'fenceOf' | 'dropUnfinished'>
export type WorkflowArgs<M extends WorkflowMethod> = Parameters<WorkflowTables[M]>
export type WorkflowValue<M extends WorkflowMethod> = ReturnType<WorkflowTables[M]>

export type WorkflowCall = {
  [M in WorkflowMethod]: { id: number; workflows: M; args: WorkflowArgs<M> }
}[WorkflowMethod]

/** What is asked of the cache: a method of its database. */
export type CacheMethod = Exclude<keyof CacheDatabase, 'close'>
export type CacheArgs<M extends CacheMethod> = Parameters<CacheDatabase[M]>
export type CacheValue<M extends CacheMethod> = ReturnType<CacheDatabase[M]>

export type CacheCall = {
  [M in CacheMethod]: { id: number; cache: M; args: CacheArgs<M> }
}[CacheMethod]

export type ThreadCall = {
  [M in ThreadMethod]: { id: number; method: M; args: ThreadArgs<M> }
}[ThreadMethod]

export type ThreadRequest = ThreadCall | WorkflowCall | CacheCall

export type ThreadResponse = { id: number; value: unknown } | { id: number; error: ErrorFacts }

/** The first message of the thread: it has opened the file, or why not. */
export const OPENED = 0
