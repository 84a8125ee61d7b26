import { z } from 'zod'
import type { Role } from '../../authority/principal.ts'
import { InvalidInputError } from '../../errors.ts'

export const roles = z
  .array(z.enum(['read', 'work', 'submit', 'admin'] satisfies Role[]))
  .min(1)
  .describe(
    'read: sees everything; work: runs tasks; submit: calls tools and sees its own tasks; admin: all.',
  )

/** A lifetime in seconds or milliseconds. */
export const lifetime = {
  ttl_s: z.number().positive().exactOptional().describe('How long it is valid, seconds.'),
  ttl_ms: z.number().positive().exactOptional().describe('The same in milliseconds, instead of ttl_s.'),
}

/** Milliseconds. Throws `invalid_input` when both are given. */
export function lifetimeMs(input: { ttl_s?: number; ttl_ms?: number }, defaultMs: number): number {
  const { ttl_s, ttl_ms } = input
  if (ttl_s !== undefined && ttl_ms !== undefined) {
    throw new InvalidInputError('/ttl_ms', ttl_ms, 'either ttl_s or ttl_ms')
  }
  return Math.round(ttl_ms ?? (ttl_s === undefined ? defaultMs : ttl_s * 1000))
}
