import { z } from 'zod'
import { ToolmeshError } from '../../errors.ts'
import type { PeerClient, RequestOptions } from './peer-client.ts'

const toolsSchema = z.looseObject({ tools: z.array(z.unknown()) })

/** How many tools a peer shows this one on the first page; 0 where it may only work there. Throws as `PeerClient.request` does. */
export async function toolsShown(client: PeerClient, options: RequestOptions): Promise<number> {
  try {
    return (await client.request('tools/list', {}, toolsSchema, options)).tools.length
  } catch (error) {
    // Without any grant it is `unauthenticated`.
    if (error instanceof ToolmeshError && error.code === 'forbidden') return 0
    throw error
  }
}
