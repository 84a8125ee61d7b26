import { z } from 'zod'

/** A time as answers carry it: ISO 8601 in UTC. */
export const isoTime = z.string().meta({ format: 'date-time' })

/** A time as callers give it: ISO 8601 with `Z` or an offset, or it would mean another time elsewhere. */
export const givenTime = z
  .string()
  .refine(text => ISO_TIME.safeParse(text).success, {
    error: 'an ISO 8601 time with a time zone, as 2027-01-31T09:00:00Z',
  })
  .meta({ format: 'date-time' })

const ISO_TIME = z.iso.datetime({ offset: true })

/** ISO 8601 in UTC of epoch milliseconds. */
export function iso(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

/** `{[key]: ISO 8601}`, or nothing where there is no time. */
export function time<K extends string>(key: K, epochMs: number | undefined): { [key in K]?: string } {
  if (epochMs === undefined) return {}
  const field: { [key in K]?: string } = {}
  field[key] = iso(epochMs)
  return field
}
