import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { bootstrapResultSchema, connectInput } from '../peer/connect-found.ts'
import type { BootstrapPort, MeshAccess } from '../peer/mesh-port.ts'

/** The parts that the tools of the category `p2p_bootstrap` speak for. */
export interface BootstrapParts {
  mesh: MeshAccess
  bootstrap: BootstrapPort
  peerId: string
  clock: Pick<Clock, 'monotonic'>
}

/** What they all take, and answer. */
export const withConnect = { connect: connectInput }
export const withResults = { results: z.array(bootstrapResultSchema).describe('What became of each.') }
