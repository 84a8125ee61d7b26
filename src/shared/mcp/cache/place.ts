import { wellFormed } from '../../queue/requests/task-options.ts'

/** Where entries are. */
export const namespace = wellFormed
  .min(1)
  .max(128)
  .default('default')
  .describe('Keeps the keys of different uses apart.')

export const key = wellFormed.min(1).max(512).describe('Name of the entry within its namespace.')
