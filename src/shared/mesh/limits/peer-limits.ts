import type { Rate } from './token-bucket.ts'

/** What one peer may do. Rates are of all its connections and sessions together, and outlive them. */
export interface PeerLimits {
  /** Connections that it made to us, open at once. */
  connections: number
  /** New connections of it. */
  connectionRate: Rate
  /** Streams of one connection that it opened, at once: also those that have not yet said what for. */
  streams: number
  streamRate: Rate
  /** Frames of its sessions. */
  messageRate: Rate
  /** Of these, what sessions say to each other by themselves (credit, pings), which no credit holds back. */
  controlRate: Rate
  /** Bytes of its sessions. */
  byteRate: Rate
}

/** What all that come from one address range may do together (`address-range.ts`); only peers without a grant are counted. */
export interface RangeLimits {
  /** Connections that are being set up, at once: before that it is not known who comes. */
  pending: number
  /** New connections, whoever comes. */
  connectionRate: Rate
  /** Connections of peers without a grant, at once. */
  strangers: number
  messageRate: Rate
  byteRate: Rate
}

export interface MeshLimits {
  /** A peer with a grant here, or one that we dialled. */
  granted: PeerLimits
  stranger: PeerLimits
  public: RangeLimits
  private: RangeLimits
  /** Connections of peers without a grant at once, wherever they come from. */
  strangers: number
  /** Milliseconds that the connection of a peer without a grant is left alone; then it gives way to a new one when all are taken. */
  strangerMs: number
  /** Milliseconds between two looks whether the connection of a peer without a grant has a stream open; else it is closed. */
  idleStrangerMs: number
  /** Beyond its rate by so many frames and bytes a session ends: what one may send that keeps to the window of credit, which is held back first. */
  beyond: { messages: number; bytes: number }
}

const KIB = 1024
const MIB = 1024 * KIB

export const DEFAULT_MESH_LIMITS: MeshLimits = {
  // Above what a connection carries: some 15,000 small calls or 100 MB a second on a machine of two cores.
  granted: {
    connections: 16,
    connectionRate: { perSecond: 5, burst: 100 },
    streams: 512,
    streamRate: { perSecond: 1000, burst: 4000 },
    messageRate: { perSecond: 50_000, burst: 100_000 },
    // Credit comes once in 256 KiB.
    controlRate: { perSecond: 1000, burst: 10_000 },
    byteRate: { perSecond: 256 * MIB, burst: 512 * MIB },
  },
  // Enough to identify itself, initialize, redeem an invite and ask the DHT.
  stranger: {
    // A dial races up to six addresses, and is tried again.
    connections: 8,
    connectionRate: { perSecond: 2, burst: 60 },
    streams: 32,
    streamRate: { perSecond: 10, burst: 64 },
    messageRate: { perSecond: 20, burst: 100 },
    controlRate: { perSecond: 20, burst: 100 },
    byteRate: { perSecond: 128 * KIB, burst: MIB },
  },
  public: {
    pending: 32,
    connectionRate: { perSecond: 20, burst: 200 },
    strangers: 32,
    messageRate: { perSecond: 100, burst: 800 },
    byteRate: { perSecond: 512 * KIB, burst: 8 * MIB },
  },
  private: {
    pending: 64,
    connectionRate: { perSecond: 50, burst: 400 },
    strangers: 64,
    messageRate: { perSecond: 400, burst: 3200 },
    byteRate: { perSecond: 2 * MIB, burst: 32 * MIB },
  },
  strangers: 256,
  strangerMs: 15_000,
  idleStrangerMs: 60_000,
  // A window (2 MiB) of the smallest frames, and one with the largest frame on top.
  beyond: { messages: 65_536, bytes: 18 * MIB },
}
