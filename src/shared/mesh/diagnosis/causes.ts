import type { DialReport, DialStep } from '../dialling/dial-report.ts'
import type { Path } from '../session-contract.ts'

/** What is known of something that did not work. */
export interface Failure {
  /** Where it ended; `discovery` for a source of peers, `origin` for an address file over HTTP. */
  step: DialStep | 'discovery' | 'origin'
  /** Of src/shared/errors.ts. */
  code: string
  message: string
  address?: string
  path?: Path
  /** Who dialled. */
  from: 'node' | 'tab'
}

export interface Cause {
  /** A stable word. */
  cause: string
  /** What it means, for a person. */
  meaning: string
  /** What to do. */
  advice: string
}

interface Row {
  cause: string
  fits: (failure: Failure) => boolean
  meaning: string
  advice: string | ((failure: Failure) => string)
}

const UDP_PATHS: ReadonlySet<Path | undefined> = new Set(['webtransport', 'webrtc-direct'])

const says =
  (pattern: RegExp) =>
  ({ message }: Failure) =>
    pattern.test(message)

const at =
  (...steps: Failure['step'][]) =>
  ({ step }: Failure) =>
    steps.includes(step)

const both =
  (...all: ((failure: Failure) => boolean)[]) =>
  (failure: Failure) =>
    all.every(fits => fits(failure))

/** What @chainsafe/libp2p-noise says where the key of the peer is not that of its id. */
const NOISE_MISMATCH = /identity key .*does not match|does not match expected remote/i

const isLate = ({ code, message }: Failure) =>
  code === 'timed_out' || /\b(ETIMEDOUT|timed? ?out|no answer within)\b/i.test(message)

const isSecure = ({ address = '' }: Failure) => /\/(tls|wss)\b/.test(address)

/** In this order: the first row that fits says why. */
const ROWS: readonly Row[] = [
  {
    cause: 'other_peer',
    fits: ({ code, message }) =>
      (code === 'forbidden' && message.startsWith('expected peer')) || NOISE_MISMATCH.test(message),
    meaning: 'another peer listens there',
    advice: ({ message }) =>
      `${message}. The port has another owner now, or the peer has a new identity (its dataDir was made anew): ask it for its addresses and its invite again.`,
  },
  {
    cause: 'invite_refused',
    fits: says(/invite is (expired|revoked|used|unknown|not known)|this invite/i),
    meaning: 'the invite is refused',
    advice: ({ message }) =>
      `${message}. Make a new one on the other node with \`toolmesh invite\`, and \`toolmesh connect\` with it.`,
  },
  {
    cause: 'no_grant',
    fits: ({ code, step }) => code === 'unauthenticated' || (step === 'authority' && code === 'forbidden'),
    meaning: 'the peer gives this one no rights',
    advice:
      'The connection is sound; only a grant is missing: it was never given, has expired or was revoked. Make an invite on the other node with `toolmesh invite`, and `toolmesh connect` with it here.',
  },
  {
    cause: 'version',
    fits: says(/the peer speaks|protocol selection failed|could not negotiate|unsupported protocol/i),
    meaning: 'the peer speaks another version, or is no toolmesh peer',
    advice: `Bring both sides to the same version of toolmesh, or mend the address.`,
  },
  {
    cause: 'namespace',
    fits: says(/namespace/i),
    meaning: 'the peer is of another mesh',
    advice: `Peers find each other in one namespace only: give both the same p2p.namespace.`,
  },
  {
    cause: 'left_alone',
    fits: says(/not tried again yet|does not dial this peer|is left alone/i),
    meaning: 'this side leaves the peer alone for a while',
    advice:
      'Earlier tries failed, or the peer went over a limit; it is tried again by itself. What failed is said above, and in the log.',
  },
  {
    cause: 'rate_limited',
    fits: ({ code }) => code === 'rate_limited',
    meaning: 'the peer holds this one back',
    advice: `Wait a minute; docs/LIMITS.md says what a peer with and without a grant may do.`,
  },
  {
    cause: 'name_unknown',
    fits: both(
      at('resolve', 'origin', 'dial'),
      says(/ENOTFOUND|EAI_AGAIN|ENODATA|was not resolved|stands for no address|names no address/i),
    ),
    meaning: 'the name leads nowhere',
    advice: `Check how the name is written and that DNS of this machine answers it; an IP address works without.`,
  },
  {
    cause: 'name_unanswered',
    fits: both(at('resolve'), isLate),
    meaning: 'DNS does not answer',
    advice: 'The resolver of this machine did not answer in time: look at its network, or use an IP address.',
  },
  {
    cause: 'relay_no_slot',
    fits: says(/NO_RESERVATION/),
    meaning: 'the peer has no slot at that relay any more',
    advice:
      'The address is older than the slot: fetch the addresses anew, or wait until the peer has found a relay again.',
  },
  {
    cause: 'relay_limit',
    fits: says(/RESOURCE_LIMIT_EXCEEDED|relay.*limit|limit.*relay/i),
    meaning: 'the relay is full, or its limit for this connection is used up',
    advice:
      'On the relay raise limits.relaySlots, limits.relayTime or limits.relayBytes; or give one of the peers an address that can be reached (p2p.listen, p2p.announce).',
  },
  {
    cause: 'relay_refused',
    fits: says(/PERMISSION_DENIED|via relay with status|reservation failed/),
    meaning: 'the relay does not carry this connection',
    advice:
      'A relay serves peers that hold a grant there: join it with an invite of the relay; or the peer behind it has left.',
  },
  {
    cause: 'mixed_content',
    fits: ({ from, address = '', message }) =>
      from === 'tab' &&
      (/mixed content|insecure/i.test(message) || (/\/ws\b/.test(address) && /SecurityError/i.test(message))),
    meaning: 'the browser forbids plain connections from a secure page',
    advice:
      'Start the node with --lan or http.tls, so that it has /tls/ws addresses; or open the page on its own machine.',
  },
  {
    cause: 'certificate_changed',
    fits: says(
      /certhash|another certificate than its address|certificate.*(hash|fingerprint)|fingerprint.*mismatch/i,
    ),
    meaning: 'the certificate is not the one that the address names',
    advice:
      'The node was started anew with another dataDir, or the address is older than a month: fetch its addresses anew (reload the page, or `toolmesh peers discover --refresh`).',
  },
  {
    cause: 'tls_certificate',
    fits: both(says(/certificate|CERT_|self.signed|ERR_TLS|SSL/i)),
    meaning: 'the TLS certificate of the server is not accepted',
    advice: `Look at its end (\`toolmesh doctor\` there) and at the clocks of both machines; for a certificate of its own, open the node's page once and accept it.`,
  },
  {
    cause: 'refused',
    fits: says(/ECONNREFUSED|connection refused/i),
    meaning: 'nobody listens there',
    advice: ({ address }) =>
      `The machine answers, and nothing has that port: the peer is not running, or came back on another one. Start it; ${portAdvice(address)}`,
  },
  {
    cause: 'network_unreachable',
    fits: says(/ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|ENETDOWN|network is unreachable/i),
    meaning: 'there is no way to that network',
    advice: ({ address = '' }) =>
      address.startsWith('/ip6/')
        ? 'This machine has no way to that IPv6 address; nothing has to be done where another address works.'
        : 'The address is of a network that this machine is not in: the peer needs one that can be reached from here (p2p.announce), or a relay.',
  },
  {
    cause: 'no_transport',
    fits: says(/no transport here|no valid addresses|NoValidAddresses/i),
    meaning: 'this side has no transport for the address',
    advice: ({ from }) =>
      from === 'tab'
        ? 'Pages have no TCP: nothing has to be done, other addresses are for them.'
        : 'QUIC or WebRTC cannot be loaded here: `toolmesh doctor` says which, and other addresses may do.',
  },
  {
    cause: 'udp_blocked',
    fits: failure =>
      UDP_PATHS.has(failure.path) &&
      (isLate(failure) ||
        /ICE|datachannel|connection failed|QUIC|WebTransport|opening handshake/i.test(failure.message)),
    meaning: 'UDP does not get through, or nobody listens',
    advice: ({ address }) =>
      `Let UDP through every firewall between the two (${portOf(address) ?? 'the port after /udp/'}); without UDP the TCP and WebSocket addresses do.`,
  },
  {
    cause: 'timed_out',
    fits: both(at('dial', 'origin'), isLate),
    meaning: 'no answer at all',
    advice: ({ address }) =>
      `A firewall swallows packets, the peer is behind a router that lets nobody in, or the machine is off. Open ${portOf(address) ?? 'the port'} there, or have a relay (p2p.relay on a node that both can reach).`,
  },
  {
    cause: 'websocket_refused',
    fits: ({ path, step }) => path === 'websocket' && step === 'dial',
    meaning: 'no WebSocket was opened',
    advice: failure =>
      `${failure.from === 'tab' ? 'A browser does not say why: nobody listens, a firewall or an extension is in the way' : `nobody listens there, or a proxy is in the way`}${isSecure(failure) ? ', or the certificate is not accepted (open the address as https:// once)' : ''}. Behind a reverse proxy let WebSocket upgrades of /p2p through.`,
  },
  {
    cause: 'not_a_peer',
    fits: at('secure', 'multiplex'),
    meaning: 'what answers there is no libp2p peer, or leaves this one alone',
    advice: `Another program has the port (a web server, a proxy), or the peer closes connections of this side: its log says why.`,
  },
  {
    cause: 'overloaded',
    fits: both(at('session', 'identify', 'authority'), isLate),
    meaning: 'the peer is connected and does not answer',
    advice: 'It is overloaded or hangs: look at its load and its log, and start it anew if it stays so.',
  },
  {
    cause: 'origin',
    fits: at('origin'),
    meaning: 'the HTTP address does not answer as a node',
    advice: ({ message, from }) =>
      from === 'tab'
        ? `${message}. Is the node still running, and this device in a network that leads to it? Then load this page again.`
        : `${message}. Check host and port of the link, and that the node's http.enabled is on.`,
  },
  {
    cause: 'reset',
    fits: says(/ECONNRESET|EPIPE|reset|closed|aborted/i),
    meaning: 'the connection was cut',
    advice: `The peer ended it, or something between: try again, and look at its log.`,
  },
]

/** Why it did not work, as far as that can be told, and what to do. */
export function causeOf(failure: Failure): Cause {
  const row = ROWS.find(({ fits }) => fits(failure))
  if (row === undefined) {
    return {
      cause: 'other',
      meaning: failure.message,
      advice: 'Look at the logs of both sides for this moment.',
    }
  }
  const { cause, meaning, advice } = row
  return { cause, meaning, advice: typeof advice === 'string' ? advice : advice(failure) }
}

/** Why an address did not lead to the peer; undefined where it did, or was not tried to its end. */
export function causeOfDial(
  { address, path, outcome, steps }: Pick<DialReport, 'address' | 'path' | 'outcome' | 'steps'>,
  from: Failure['from'],
): (Cause & { failure: Failure & { step: DialStep } }) | undefined {
  const last = steps.findLast(({ error }) => error !== undefined)
  if (outcome !== 'failed') return undefined
  const { step, error = { code: 'unavailable', message: 'it failed' } } = last ?? { step: 'dial' as const }
  const failure = { step, ...error, address, path, from }
  return { ...causeOf(failure), failure }
}

function portAdvice(address: string | undefined): string {
  return portOf(address) === undefined
    ? 'or fetch its addresses anew.'
    : 'a fixed port in its p2p.listen keeps addresses valid over restarts.'
}

/** `UDP 4433`, `TCP 8420`. */
function portOf(address = ''): string | undefined {
  const [, protocol, port] = /\/(tcp|udp)\/(\d+)/.exec(address) ?? []
  return protocol === undefined ? undefined : `${protocol.toUpperCase()} port ${port}`
}
