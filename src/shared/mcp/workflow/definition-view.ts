import { z } from 'zod'
import type { StoredDefinition } from '../../workflow/store/store.ts'
import { iso, isoTime } from '../iso-time.ts'

/** A kept definition without its steps, as the tools answer it. */
export const definitionSummarySchema = z.object({
  name: z.string(),
  version: z.string(),
  definition_cid: z.string(),
  principal: z.string().describe('Who keeps it.'),
  created_at: isoTime,
})

export function definitionSummary({
  name,
  version,
  definition_cid,
  principal,
  created_at,
}: Omit<StoredDefinition, 'definition'>): z.infer<typeof definitionSummarySchema> {
  return { name, version, definition_cid, principal, created_at: iso(created_at) }
}
