import { keepRetention, type RetentionInit } from '../queue/retention.ts'
import type { WorkflowStore } from './store/store.ts'

export interface WorkflowRetentionInit extends Omit<RetentionInit, 'what' | 'prune'> {
  store: Pick<WorkflowStore, 'prune'>
}

/** Forgets ended workflows that are old, with their bodies, at start and then about once a minute; returns its end. */
export function keepWorkflowRetention({ store, ...init }: WorkflowRetentionInit): () => void {
  const prune = async (endedBefore: number, max: number) => {
    const { workflows, blobs } = await store.prune(endedBefore, max)
    return { forgotten: workflows, blobs }
  }
  return keepRetention({ what: 'workflows', prune, ...init })
}
