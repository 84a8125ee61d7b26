import { get, set, type UseStore } from 'idb-keyval'
import { z } from 'zod'

const KEY = 'settings'

const settingsSchema = z.object({
  /** Workers in use at most; absent until the slider was moved. */
  capacity: z.int().min(1).optional(),
  /** The node that took this tab: what a reconnect needs, beside the key. */
  node_peer_id: z.string().optional(),
})

export type Settings = z.infer<typeof settingsSchema>

/** The slot's settings; those that cannot be read (of an older version) are the defaults. */
export async function loadSettings(store: UseStore): Promise<Settings> {
  const parsed = settingsSchema.safeParse(await get(KEY, store))
  return parsed.success ? parsed.data : {}
}

export async function saveSettings(store: UseStore, settings: Settings): Promise<void> {
  await set(KEY, settings, store)
}
