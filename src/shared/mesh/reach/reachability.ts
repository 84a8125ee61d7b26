/** Whether others can open a connection to this peer by themselves. */
export type NatState = 'public' | 'private' | 'unknown'

/** An address of the internet by which this peer is seen. */
export interface PublicIp {
  /** IPv4 or IPv6. */
  ip: string
  /**
   * Who says so: an own listener has it; peers saw it (identify); peers dialled it back (AutoNAT); relays answered it
   * (STUN); the router mapped it (UPnP); a public-IP service that was switched on.
   */
  source: 'listener' | 'observed' | 'autonat' | 'stun' | 'upnp' | 'service'
  /** How many peers or services said it. */
  witnesses: number
  /** Epoch milliseconds of the last time. */
  at: number
}

/** How this peer can be reached, as far as is known. */
export interface Reachability {
  nat: NatState
  /** The likeliest first. */
  public_ips: PublicIp[]
  /** Multiaddrs of this peer: somebody reached it there; somebody saw it there; it only listens there. */
  addresses: { address: string; state: 'confirmed' | 'observed' | 'listening' }[]
  /** Relays that this peer has a slot at. */
  relays: { peer_id: string; addresses: string[] }[]
  /** Epoch milliseconds of the last time that others were asked. */
  checked_at?: number
}

export interface ReachabilityReporter {
  /** What is known; with `refresh` after asking whoever can tell, which ends with the signal. */
  report(options: { refresh: boolean; signal: AbortSignal }): Promise<Reachability>
}
