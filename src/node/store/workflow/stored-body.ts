import { z } from 'zod'
import type { Body, BodyKey } from '../../../shared/workflow/workflow.ts'

/** As it stands in the column `kind`. */
export const KIND_CODES: Record<BodyKey['of'], number> = {
  definition: 0,
  input: 1,
  output: 2,
  result: 3,
  signal: 4,
  items: 5,
}

/** In the column `item` of what is not of one item. */
const NO_ITEM = -1

/** Columns of a body's key: kind, name (of the step or signal), number (generation, or of the signal), item. */
export type KeyColumns = readonly [kind: number, name: string, number: number, item: number]

export function columnsOf(key: BodyKey): KeyColumns {
  const kind = KIND_CODES[key.of]
  switch (key.of) {
    case 'definition':
    case 'result':
      return [kind, '', 0, NO_ITEM]
    case 'input':
      return [kind, '', key.generation, NO_ITEM]
    case 'output':
      return [kind, key.step, key.generation, key.item ?? NO_ITEM]
    case 'items':
      return [kind, key.step, key.generation, NO_ITEM]
    case 'signal':
      return [kind, key.signal, key.n, NO_ITEM]
  }
}

export function keyFrom([kind, name, number, item]: KeyColumns): BodyKey {
  switch (kind) {
    case KIND_CODES.definition:
      return { of: 'definition' }
    case KIND_CODES.result:
      return { of: 'result' }
    case KIND_CODES.input:
      return { of: 'input', generation: number }
    case KIND_CODES.items:
      return { of: 'items', step: name, generation: number }
    case KIND_CODES.signal:
      return { of: 'signal', signal: name, n: number }
    default: {
      const key = { of: 'output', step: name, generation: number } as const
      return item === NO_ITEM ? key : { ...key, item }
    }
  }
}

export const BodyColumns = z.object({
  body: z.string().nullable(),
  cid: z.string().nullable(),
  size: z.int().nullable(),
})

export function bodyFrom({ body, cid, size }: z.infer<typeof BodyColumns>): Body | undefined {
  if (cid !== null) return { blob: cid, size: size ?? 0 }
  return body ?? undefined
}

/** Columns body, cid, size. */
export function bodyColumns(body: Body): readonly [body: string, cid: string | null, size: number | null] {
  return typeof body === 'string' ? [body, null, null] : ['', body.blob, body.size]
}
