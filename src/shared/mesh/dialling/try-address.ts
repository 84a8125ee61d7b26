import type { Connection, IdentifyResult, Libp2p } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../clock.ts'
import { InvalidInputError, ToolmeshError } from '../../errors.ts'
import { pathOf } from '../connection-path.ts'
import { unlessAborted } from '../unless-aborted.ts'
import type { DialLimits } from './dial-peer.ts'
import type { DialReport } from './dial-report.ts'
import { DialSteps } from './dial-steps.ts'
import { expectedAddress } from './expected-address.ts'
import { type NameResolver, needsResolving, resolveNames } from './name-resolution.ts'
import type { DialTransports } from './transports.ts'
import { within } from './within.ts'

/** Addresses that one name stands for and that are tried, at most. */
const MOST_OF_A_NAME = 4

/** What became of one address that was dialled for its own sake; `peer_id` is who answered, where somebody did. */
export interface AddressTrial extends DialReport {
  /** The name that libp2p's identify gave, as `toolmesh/0.1.0 node`. */
  agent?: string
}

export interface TryAddressInit {
  libp2p: Pick<Libp2p, 'addEventListener' | 'removeEventListener'>
  transports: Pick<DialTransports, 'dial'>
  clock: Clock
  limits: DialLimits
  resolver: NameResolver | undefined
  /** The protocol that a peer has to speak. */
  protocol: string
  /** Whom the address is of; undefined: whoever answers. */
  expect: string | undefined
  signal: AbortSignal
}

/**
 * Dials one address by a new connection as far as the peer has identified itself and named its protocols, and closes it
 * again: no session is opened, so one that is open is left alone. A name gives a trial for each address it stands for.
 * Never rejects for what the address does; `superseded` where the signal ended it.
 */
export async function tryAddress(address: string, init: TryAddressInit): Promise<AddressTrial[]> {
  const { resolver, expect, clock, limits, signal } = init
  const steps = new DialSteps(clock)
  let target: Multiaddr | undefined
  try {
    target = expect === undefined ? parsed(address) : expectedAddress(address, expect)
    if (resolver === undefined || !needsResolving(target))
      return [await tryTarget(address, target, steps, init)]
    steps.begin('resolve')
    const named = { resolver, expect, signal }
    const name = target
    const found = await within(limits.resolveMs, init, limit =>
      unlessAborted(resolveNames(name, { ...named, signal: limit }), limit),
    )
    steps.end()
    const [first, ...others] = found.slice(0, MOST_OF_A_NAME)
    if (first === undefined) throw new ToolmeshError('not_found', 'the name stands for no address')
    return await Promise.all([
      tryTarget(address, first, steps, init),
      ...others.map(other => tryTarget(address, other, new DialSteps(clock), init)),
    ])
  } catch (error) {
    steps.end(signal.aborted ? undefined : error)
    return [reportOf(address, target, steps, { ...init, outcome: outcomeOf(signal) })]
  }
}

async function tryTarget(
  address: string,
  target: Multiaddr,
  steps: DialSteps,
  init: TryAddressInit,
): Promise<AddressTrial> {
  const { libp2p, transports, limits, protocol, signal } = init
  const identities = new Map<Connection, IdentifyResult>()
  let wake = () => {}
  const onIdentify = ({ detail }: CustomEvent<IdentifyResult>) => {
    identities.set(detail.connection, detail)
    wake()
  }
  libp2p.addEventListener('peer:identify', onIdentify)
  let connection: Connection | undefined
  try {
    steps.begin('dial')
    const path = pathOf(target)
    const ms = path === 'webrtc' || path === 'relay' ? limits.dialMs : limits.directDialMs
    const opened = await within(ms, init, limit =>
      transports.dial(target, { signal: limit, onProgress: event => steps.progress(event) }),
    )
    connection = opened
    steps.end()
    steps.begin('identify')
    const identity = await within(limits.sessionMs, init, limit => {
      const told = new Promise<IdentifyResult>(resolve => {
        wake = () => {
          const known = identities.get(opened)
          if (known !== undefined) resolve(known)
        }
        wake()
      })
      return unlessAborted(told, limit)
    })
    steps.end()
    const agent = identity.agentVersion
    const who = { ...init, expect: opened.remotePeer.toString(), ...(agent === undefined ? {} : { agent }) }
    if (!identity.protocols.includes(protocol)) {
      steps.begin('session')
      steps.end(new OtherProtocolsError(protocol, identity.protocols))
      return reportOf(address, target, steps, { ...who, outcome: 'failed' })
    }
    return reportOf(address, target, steps, { ...who, outcome: 'connected' })
  } catch (error) {
    steps.end(signal.aborted ? undefined : error)
    return reportOf(address, target, steps, { ...init, outcome: outcomeOf(signal) })
  } finally {
    libp2p.removeEventListener('peer:identify', onIdentify)
    if (connection !== undefined) endQuietly(connection)
  }
}

function endQuietly(connection: Connection): void {
  connection.close().catch(error => connection.abort(error))
}

/** Who answers is no peer of this mesh, or one of another version. */
class OtherProtocolsError extends ToolmeshError {
  constructor(wanted: string, spoken: readonly string[]) {
    const name = wanted.slice(0, wanted.lastIndexOf('/') + 1)
    const own = spoken.filter(protocol => protocol.startsWith(name))
    const instead = own.length === 0 ? 'no version of it' : own.join(', ')
    super('unavailable', `the peer speaks ${instead}, this one ${wanted}`)
  }
}

function outcomeOf(signal: AbortSignal): DialReport['outcome'] {
  return signal.aborted ? 'superseded' : 'failed'
}

function reportOf(
  address: string,
  target: Multiaddr | undefined,
  steps: DialSteps,
  {
    outcome,
    expect = '',
    agent,
  }: { outcome: DialReport['outcome']; expect?: string | undefined; agent?: string },
): AddressTrial {
  return {
    peer_id: expect,
    address,
    path: target === undefined ? 'tcp' : pathOf(target),
    outcome,
    ms: steps.ms,
    steps: steps.reports(),
    ...(agent === undefined ? {} : { agent }),
  }
}

function parsed(address: string): Multiaddr {
  try {
    return multiaddr(address)
  } catch {
    throw new InvalidInputError('addresses', address, 'a multiaddr such as /ip4/127.0.0.1/tcp/4001/ws')
  }
}
