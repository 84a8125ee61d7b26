import { ToolmeshError } from '../../errors.ts'
import type { RemainingLimits } from './remaining-limits.ts'

/** A relayed connection has carried, or lasted, as much as its relay allows, and there is no other one. */
export class RelayLimitError extends ToolmeshError {
  constructor(which: 'bytes' | 'time', { bytes, ms }: RemainingLimits) {
    const [setting, allowed] =
      which === 'bytes' ? ['limits.relayBytes', `${bytes} bytes`] : ['limits.relayTime', `${ms} ms`]
    super('rate_limited', `the relay lets no more through on this connection: ${setting} of the relay`, {
      field: setting,
      allowed,
    })
  }
}
