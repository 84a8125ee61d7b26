import { z } from 'zod'
import { MAX_WORD_CHARS } from './announcement-limits.ts'
import { signedAnnouncement } from './signed-announcement.ts'

/** Announcements in one message. */
export const MAX_EXCHANGED = 64
/** Characters of all announcements in one message. */
export const MAX_EXCHANGED_CHARS = 128 * 1024
/** Catalogues that one message asks for. */
export const MAX_CATALOGUES_ASKED = 8
/** Interface CIDs in all lists of one answer: what one catalogue may hold. */
export const MAX_TOOLS_TOLD = 4096

const id = z.string().min(1).max(128)

const announcements = z
  .array(signedAnnouncement)
  .max(MAX_EXCHANGED)
  .refine(
    all => all.reduce((sum, { text }) => sum + text.length, 0) <= MAX_EXCHANGED_CHARS,
    `announcements of at most ${MAX_EXCHANGED_CHARS} characters`,
  )

/** Who the asker looks for; without it a random few are told. */
const want = z.object({
  peer_id: id.exactOptional(),
  kind: z.enum(['node', 'tab']).exactOptional(),
  labels: z.array(z.string().min(1).max(MAX_WORD_CHARS)).max(32).exactOptional(),
  /** Interface CID. */
  tool: id.exactOptional(),
  max: z.int().min(1).max(MAX_EXCHANGED),
})
export type PeersWanted = z.infer<typeof want>

/** Params of `toolmesh/peers` (docs/PROTOCOL.md "Peers"). */
export const exchangeRequest = z.object({
  announcements,
  want: want.exactOptional(),
  /** CIDs of catalogues whose lists the asker does not know. */
  catalogues: z.array(id).max(MAX_CATALOGUES_ASKED).exactOptional(),
})
export type ExchangeRequest = z.infer<typeof exchangeRequest>

export const exchangeAnswer = z.object({
  announcements,
  /** The lists of those that were asked for and are known, in no order: each proves itself by its CID. */
  catalogues: z
    .array(z.array(id).max(MAX_TOOLS_TOLD))
    .max(MAX_CATALOGUES_ASKED)
    .refine(
      lists => lists.reduce((sum, list) => sum + list.length, 0) <= MAX_TOOLS_TOLD,
      `lists of at most ${MAX_TOOLS_TOLD} interface CIDs in all`,
    )
    .exactOptional(),
})
export type ExchangeAnswer = z.infer<typeof exchangeAnswer>
