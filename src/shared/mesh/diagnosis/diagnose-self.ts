import type { SourceReport } from '../discovery/discovery-source.ts'
import type { PoolMetrics } from '../pool/session-pool-contract.ts'
import { causeOf } from './causes.ts'
import { type Check, type Diagnosis, diagnosisOf } from './check.ts'
import { clockCheck, clockSkew } from './clock-skew.ts'
import type { DiagnosedMesh, DiagnosisPort, ModuleState } from './diagnosis-port.ts'
import { httpOriginOf } from './http-origin.ts'
import { ownReachCheck } from './reach-checks.ts'

const DAY_MS = 86_400_000
/** A certificate that ends sooner is worth a word. */
const SOON_MS = 14 * DAY_MS
/** Connected peers whose clocks are asked for, at most. */
const MOST_CLOCKS = 3
const CLOCK_MS = 2_000

/** How this peer itself does: nothing is dialled but HTTP servers of peers that there is a session with, for their time. */
export async function diagnoseSelf(
  mesh: DiagnosedMesh,
  port: DiagnosisPort,
  { refresh, signal }: { refresh: boolean; signal: AbortSignal },
): Promise<Diagnosis> {
  const [reach, clock, modules, ends] = await Promise.all([
    mesh.reachability.report({ refresh, signal }),
    clockOfPeers(mesh, port, signal),
    port.modules(),
    port.certificateEnds(),
  ])
  return diagnosisOf([
    listeningCheck(mesh.host.addresses()),
    ownReachCheck(reach),
    ...mesh.discovery.reports().map(sourceCheck),
    sessionsCheck(
      mesh.pool.metrics(),
      mesh.book.list({ connected: true, limit: 10_000 }).length,
      mesh.book.size,
    ),
    storeCheck(port.storeFailure()),
    clock,
    ...modules.map(moduleCheck),
    ...(ends === undefined ? [] : [certificateCheck(ends, port.now())]),
  ])
}

function listeningCheck(addresses: readonly string[]): Check {
  const name = 'listening'
  const kinds = new Map<string, number>()
  for (const address of addresses) {
    const kind = kindOf(address)
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  if (addresses.length === 0) {
    return {
      name,
      state: 'failed',
      summary: 'it listens nowhere, so nobody can come to it',
      cause: 'not_listening',
      advice: 'Set p2p.listen, or leave it out for the usual addresses.',
    }
  }
  const listed = [...kinds].map(([kind, number]) => `${kind} ${number}`).join(', ')
  return { name, state: 'ok', summary: `${addresses.length} addresses (${listed})` }
}

function kindOf(address: string): string {
  if (address.includes('/p2p-circuit')) return 'relay'
  if (address.includes('/webtransport')) return 'webtransport'
  if (address.includes('/webrtc-direct')) return 'webrtc-direct'
  return /\/(ws|wss)\b/.test(address) ? 'websocket' : 'tcp'
}

function sourceCheck({ name, last_success, last_failure, error, looks, found }: SourceReport): Check {
  const fails = error !== undefined && (last_failure ?? 0) > (last_success ?? 0)
  if (!fails) {
    const summary = `${name}: ${looks} ${looks === 1 ? 'look' : 'looks'}, ${found} found`
    return { name: 'discovery', state: 'ok', summary }
  }
  const { cause, meaning, advice } = causeOf({ step: 'discovery', ...error, from: 'node' })
  const known = cause === 'other' ? error.message : `${meaning} (${error.message})`
  return {
    name: 'discovery',
    // Sources only help to find; and some have nobody to talk to until a peer has come.
    state: 'warning',
    summary: `${name}: ${known}`,
    cause,
    advice: `${cause === 'other' ? '' : `${advice} `}Peers that are known are not touched by it; it is tried again by itself, and can be switched off by its setting (discovery.* or p2p.bootstrap).`,
  }
}

function sessionsCheck({ open, failures, ends }: PoolMetrics, connected: number, known: number): Check {
  const failed = listed(failures)
  const summary = [
    `${open} open, ${connected} of ${known} known peers connected`,
    ...(failed === '' ? [] : [`tries that failed since start: ${failed}`]),
    ...(listed(ends) === '' ? [] : [`ended: ${listed(ends)}`]),
  ].join('; ')
  return { name: 'sessions', state: 'ok', summary }
}

function listed(numbers: Readonly<Record<string, number>>): string {
  return Object.entries(numbers)
    .map(([code, number]) => `${code} ${number}`)
    .join(', ')
}

function storeCheck(failure: string | undefined): Check {
  if (failure === undefined) return { name: 'store', state: 'ok', summary: 'tasks and workflows are kept' }
  return {
    name: 'store',
    state: 'failed',
    summary: `it takes no changes: ${failure}`,
    cause: 'store',
    advice:
      'Make room on the disk of dataDir, or mount it writable; the node goes on by itself then (docs/TROUBLESHOOTING.md).',
  }
}

/** Whether a native part is there, as a line of its own. */
export function moduleCheck({ name, missing, without }: ModuleState): Check {
  if (missing === undefined) return { name: 'module', state: 'ok', summary: `${name} can be loaded` }
  return {
    name: 'module',
    state: 'warning',
    summary: `${name} cannot be loaded: ${missing}`,
    cause: 'module',
    advice: `${without}. Run \`npm install\` again with optional packages on; there may be no build for this machine.`,
  }
}

function certificateCheck(ends: number, now: number): Check {
  const name = 'certificate'
  const date = new Date(ends).toISOString().slice(0, 10)
  const days = Math.floor((ends - now) / DAY_MS)
  if (ends > now + SOON_MS)
    return { name, state: 'ok', summary: `TLS certificate until ${date} (${days} days)` }
  const over = ends <= now
  return {
    name,
    state: over ? 'failed' : 'warning',
    summary: over
      ? `the TLS certificate ended on ${date}`
      : `the TLS certificate ends in ${days} days, on ${date}`,
    cause: 'certificate',
    advice:
      'Renew the files of http.tls and start the node anew; one that the node made itself is renewed by a start.',
  }
}

/** The clock of this machine against those of peers; the median of them. */
async function clockOfPeers(mesh: DiagnosedMesh, port: DiagnosisPort, signal: AbortSignal): Promise<Check> {
  const origins = mesh.book
    .list({ connected: true, kind: 'node', limit: 50 })
    .flatMap(({ addresses, standing }) =>
      addresses.flatMap(({ address, last_success }) =>
        // What a stranger says of itself could be anybody's server.
        standing === 'granted' || last_success !== undefined ? (httpOriginOf(address) ?? []) : [],
      ),
    )
  const limit = AbortSignal.any([signal, AbortSignal.timeout(CLOCK_MS)])
  const skews = await Promise.all(
    [...new Set(origins)]
      .slice(0, MOST_CLOCKS)
      .map(async origin => {
        const { date, asked, answered } = await port.askOrigin(origin, limit)
        return date === undefined ? [] : [clockSkew({ said: date, resolutionMs: 1_000, asked, answered })]
      })
      .map(answer => answer.catch(() => [])),
  )
  const sorted = skews.flat().sort((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)]
  if (median !== undefined)
    return clockCheck(median, sorted.length === 1 ? 'a peer' : `${sorted.length} peers`)
  return { name: 'clock', state: 'skipped', summary: 'no connected peer tells the time by HTTP' }
}
