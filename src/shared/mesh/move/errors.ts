import { ToolmeshError } from '../../errors.ts'

/** No better connection to a peer by this address; its session goes on as it was. */
export class NoOtherPathError extends ToolmeshError {
  constructor(peerId: string, address: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super('unavailable', `no other path to peer ${peerId} by ${address}: ${why}`, { cause })
  }
}
