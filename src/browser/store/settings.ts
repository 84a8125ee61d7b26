import { get, type UseStore, update } from 'idb-keyval'
import { z } from 'zod'

const KEY = 'settings'

const settingsSchema = z.object({
  /** Workers in use at most; absent until the slider was moved. */
  capacity: z.exactOptional(z.int().min(1)),
  /** The node that took this tab: what a reconnect needs, beside the key. */
  node_peer_id: z.exactOptional(z.string()),
})

export type Settings = z.infer<typeof settingsSchema>

/** The slot's settings; those that cannot be read (of an older version) are the defaults. */
export async function loadSettings(store: UseStore): Promise<Settings> {
  return parse(await get(KEY, store))
}

/** Changes some settings and keeps the others. */
export async function changeSettings(store: UseStore, change: Settings): Promise<void> {
  await update<unknown>(KEY, kept => ({ ...parse(kept), ...change }), store)
}

function parse(kept: unknown): Settings {
  const parsed = settingsSchema.safeParse(kept)
  return parsed.success ? parsed.data : {}
}
