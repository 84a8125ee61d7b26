import { ToolmeshError } from '../../errors.ts'

/** A peer sent or opened more than it may (docs/LIMITS.md "Hostile peers"). Its connections end, and it is left alone for a while. */
export class PeerOverLimitError extends ToolmeshError {
  /** `limit` as docs/LIMITS.md names it; `value` what the peer came to, `allowed` what it may. */
  constructor(limit: string, value: number, allowed: string) {
    super('rate_limited', `${limit}: ${value}, allowed: ${allowed}`, { field: limit, value, allowed })
  }
}
