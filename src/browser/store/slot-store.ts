import { createStore, type UseStore } from 'idb-keyval'

/** The IndexedDB database of one identity slot: its key, grant, settings and outbox. */
export function openSlotStore(slot: number): UseStore {
  return createStore(`toolmesh-peer-${slot}`, 'keyval')
}
