import { DEFAULT_MESH_LIMITS, type MeshLimits } from '../limits/peer-limits.ts'

/**
 * What one peer may do where a hash table is served: kad-dht opens a stream for each question, and a peer that comes asks
 * about 130 in its first seconds, whatever the number of peers. Its connections and bytes are bounded as everybody's.
 */
export const DHT_PEER_LIMITS: Partial<MeshLimits> = {
  stranger: { ...DEFAULT_MESH_LIMITS.stranger, streamRate: { perSecond: 50, burst: 1000 } },
}
