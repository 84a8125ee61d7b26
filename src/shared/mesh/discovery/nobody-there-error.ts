import { ToolmeshError } from '../../errors.ts'

/** A source that works through connected peers has none yet. */
export class NobodyThereError extends ToolmeshError {
  constructor(where: string) {
    super('unavailable', `no connected peer takes part in ${where}`)
  }
}
