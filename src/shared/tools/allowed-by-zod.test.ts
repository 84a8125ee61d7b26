import { expect, it } from 'vitest'
import { z } from 'zod'
import { allowedByZod } from './allowed-by-zod.ts'

const state = z.enum(['queued', 'failed'])

it.each([
  [z.string(), 7, 'a string'],
  [z.int(), 1.5, 'a whole number'],
  [z.int().max(10), 11, 'at most 10'],
  [z.int().min(1), 0, 'at least 1'],
  [z.string().min(1), '', 'at least 1 character'],
  [z.array(z.string()).max(2), ['a', 'b', 'c'], 'at most 2 items'],
  [state, 'gone', 'one of "queued", "failed"'],
  [z.literal(true), false, 'true'],
  [z.union([state, z.array(state)]), 'gone', 'one of "queued", "failed", or a list'],
  [z.record(z.string(), z.string()), 'x', 'an object'],
  [z.string({ error: 'a name' }), 7, 'a name'],
])('%#: %j is told what is allowed', (schema, value, allowed) => {
  expect(schema.safeParse(value, { error: allowedByZod }).error?.issues[0]?.message).toBe(allowed)
})
