import { z } from 'zod'

/** How long to wait for the answer of a node that may be running, ms. */
const PROBE_MS = 2_000

const infoSchema = z.looseObject({ peerId: z.string() })

/** Whether a toolmesh node answers at this origin; it says so without a credential. */
export async function isNodeAt(url: string): Promise<boolean> {
  try {
    const answer = await fetch(new URL('/.well-known/toolmesh.json', url), {
      signal: AbortSignal.timeout(PROBE_MS),
    })
    return infoSchema.safeParse(await answer.json()).success
  } catch {
    return false
  }
}
