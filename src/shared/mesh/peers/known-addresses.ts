import { dialOrder } from '../dialling/dial-order.ts'
import type { DialReport } from '../dialling/dial-report.ts'
import { isLoopback, type PeerAddress, readPeerAddress, relayOf } from './peer-address.ts'
import type { AddressSource, KnownAddress } from './peer-entry.ts'
import type { PeerRecord } from './peer-record.ts'

/** Weight of the newest dial's time. */
const NEWEST = 1 / 4

/** Who tells only of what is on this machine, or was written down for it: its loopback addresses are ours. */
const OF_THIS_MACHINE: ReadonlySet<AddressSource> = new Set(['configured', 'environment', 'file'])

/** All addresses of a peer: those it announced, in its order, with what dials and others told of them, then the rest. */
export function knownAddresses(record: PeerRecord): KnownAddress[] {
  const { announced, history = [] } = record
  const told = new Map(history.map(known => [known.address, known]))
  const own = announcedAddresses(record).map((read): KnownAddress => {
    const known = told.get(read.address)
    told.delete(read.address)
    const heard_at = Math.max(announced?.said.issued_at ?? 0, known?.heard_at ?? 0)
    if (known === undefined) return { ...read, sources: ['announced'], heard_at, failures: 0 }
    return { ...known, sources: withSource(known.sources, 'announced'), heard_at }
  })
  return [...own, ...told.values()]
}

/**
 * The order to dial them in from a node or a tab: those that worked last time, the fastest first; those not tried; through
 * relays, again like that; those that failed last time, the least often first. Without those that cannot be dialled from
 * there, or are only good on another machine.
 */
export function inDialOrder(
  addresses: readonly KnownAddress[],
  { from, isHere }: { from: 'node' | 'tab'; isHere: boolean },
): KnownAddress[] {
  const known = new Map(
    addresses
      .filter(one => isHere || !isLoopback(one.address) || isOfThisMachine(one))
      .map(one => [one.address, one]),
  )
  return dialOrder([...known.keys()], from)
    .flatMap(address => known.get(address) ?? [])
    .sort((a, b) => groupOf(a) - groupOf(b) || a.failures - b.failures || (a.dial_ms ?? 0) - (b.dial_ms ?? 0))
}

/** A source told of an address. False where there is no room for it. */
export function told(
  record: PeerRecord,
  read: PeerAddress,
  source: AddressSource,
  { now, most }: { now: number; most: number },
): boolean {
  const known = record.history?.find(({ address }) => address === read.address)
  if (known !== undefined) {
    known.heard_at = now
    known.sources = withSource(known.sources, source)
    return true
  }
  const fresh: KnownAddress = { ...read, sources: [source], heard_at: now, failures: 0 }
  record.history ??= []
  if (record.history.length < most) {
    record.history.push(fresh)
    return true
  }
  const worst = record.history.reduce((a, b) => (isWorse(a, b) ? a : b))
  if (worst.failures === 0) return false
  record.history[record.history.indexOf(worst)] = fresh
  return true
}

/** Takes out what nobody told of but the connection of the peer, and no dial has proved. */
export function forgetIdentified(record: PeerRecord): void {
  record.history = record.history?.filter(
    ({ sources, last_success }) =>
      last_success !== undefined || sources.some(source => source !== 'identified'),
  )
}

/** What became of a dial. */
export function dialled(
  record: PeerRecord,
  { address, outcome, ms }: DialReport,
  { now, most }: { now: number; most: number },
): void {
  if (outcome === 'superseded') return
  const read = readPeerAddress(address, record.peerId)
  if (read === undefined) return
  // An address that an announcement holds has no record of its own before its first dial.
  const isAnnounced = announcedAddresses(record).some(own => own.address === read.address)
  let known = record.history?.find(candidate => candidate.address === read.address)
  if (known === undefined) {
    if (outcome === 'failed' && !isAnnounced) return
    if (!told(record, read, isAnnounced ? 'announced' : 'connection', { now, most })) return
    known = record.history?.find(candidate => candidate.address === read.address)
  }
  if (known === undefined) return
  if (outcome === 'failed') {
    known.failures += 1
    known.last_failure = now
    return
  }
  known.failures = 0
  known.last_success = now
  known.dial_ms = known.dial_ms === undefined ? ms : known.dial_ms + (ms - known.dial_ms) * NEWEST
}

function announcedAddresses({ announced, peerId }: PeerRecord): readonly PeerAddress[] {
  if (announced === undefined) return []
  announced.read ??= announced.said.addresses.flatMap(text => readPeerAddress(text, peerId) ?? [])
  return announced.read
}

function groupOf({ address, failures, last_success }: KnownAddress): number {
  if (failures > 0) return 4
  return (relayOf(address) === undefined ? 0 : 2) + (last_success === undefined ? 1 : 0)
}

function isOfThisMachine({ sources, last_success }: KnownAddress): boolean {
  return last_success !== undefined || sources.some(source => OF_THIS_MACHINE.has(source))
}

/** Which of two has to go: what failed most often, then what was heard of longest ago. */
function isWorse(a: KnownAddress, b: KnownAddress): boolean {
  return a.failures === b.failures ? a.heard_at < b.heard_at : a.failures > b.failures
}

function withSource(sources: AddressSource[], source: AddressSource): AddressSource[] {
  return sources.includes(source) ? sources : [...sources, source]
}
