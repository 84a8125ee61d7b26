import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { ToolmeshError } from '../../shared/errors.ts'
import { MAX_ADDRESS_CHARS, MAX_ADDRESSES } from '../../shared/mesh/peers/announcement-limits.ts'
import { replaceFile } from './replace-file.ts'

const memberships = z
  .array(
    z.object({
      owner_id: z.string(),
      origin: z.url(),
      /** Multiaddrs where it was reached last, best first. */
      addresses: z.array(z.string().max(MAX_ADDRESS_CHARS)).max(MAX_ADDRESSES).exactOptional(),
    }),
  )
  .max(1000)

/** A node that this one works for, and where it is. The grant is the other node's to keep. */
export type MembershipRecord = z.infer<typeof memberships>[number]

/** Keeps the nodes that this one works for in one JSON file, replaced whole. */
export class MembershipFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Throws `conflict` for a damaged file, which is left as it is. */
  async load(): Promise<MembershipRecord[]> {
    const text = await readFile(this.#path, 'utf8').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '[]'
      throw error
    })
    try {
      return memberships.parse(JSON.parse(text))
    } catch (cause) {
      throw new ToolmeshError('conflict', `${this.#path} is damaged; move it away to join other nodes anew`, {
        cause,
      })
    }
  }

  save(records: readonly MembershipRecord[]): Promise<void> {
    return replaceFile(this.#path, `${JSON.stringify(records, null, 2)}\n`, 0o600)
  }
}
