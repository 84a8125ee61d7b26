/** Every setting of a node, with its description, what is allowed and its default. */
import { z } from 'zod'
import { DEFAULT_CACHE_LIMITS } from '../../shared/cache/cache-store.ts'
import { listenPrefix } from './loopback.ts'
import { PUBLIC_SET_NAMES } from './public-sets.ts'
import { choice, factsOfSetting, flag, integer, list, type SettingFacts, text } from './setting.ts'

const MULTIADDR = /^\/[a-z0-9]+\/\S+$/
const SERVICE = /^https?:\/\/[^/\s?#]+\/?\S*$/
const STUN_SERVER =
  /^stun:(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/
const INVITE = /^https?:\/\/\S+#v1\.[A-Za-z0-9_-]{22}\.[1-9A-HJ-NP-Za-km-z]{40,64}$/
const ORIGIN = /^https?:\/\/[^/\s?#]+$/
/** A multiaddr, the origin of a node, or the name of a set of public nodes. */
const BOOTSTRAP = new RegExp(`^(?:/[a-z0-9]+/\\S+|https?://[^/\\s?#]+|${PUBLIC_SET_NAMES.join('|')})$`)
const NAMESPACE_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/
/** Plain HTTP only to this machine: the token goes with each request. */
const API =
  /^(?:https:\/\/[^\s?#]+|http:\/\/(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d+)?(?:\/[^\s?#]*)?)$/
const REPOSITORY = /^(?:[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{1,100})?$/
const HOST = /^(?:[A-Za-z0-9._-]+|\[?[0-9A-Fa-f:.]+\]?)$/

export const configSchema = z.strictObject({
  lan: flag({
    description:
      'Serve the local network: sets http.host to 0.0.0.0 and http.tls to self-signed where these are not set, and `start` prints a QR code of the join link.',
    default: false,
  }),
  name: text({
    description:
      'The name of this node, for people: shown in the dashboard and in /.well-known/toolmesh.json.',
    default: ({ hostname }) => hostname,
    defaultText: 'the host name of the machine',
  }),
  dataDir: text({
    description:
      'Folder of the identity, the queue and the grants. Relative to the working directory. One node at a time may use it.',
    default: '.toolmesh',
  }),
  listing: choice(['meta', 'flat'], {
    description:
      'What `tools/list` shows: `meta` the five meta tools by which an agent finds and calls the others, `flat` every tool.',
    default: 'meta',
  }),
  http: z.strictObject({
    enabled: flag({ description: 'Serve MCP over HTTP, the dashboard and the join page.', default: true }),
    host: text({
      description: 'Address to listen on. Anything but loopback needs a credential for every request.',
      default: ({ lan }) => (lan ? '0.0.0.0' : '127.0.0.1'),
      defaultText: '127.0.0.1 (with lan: 0.0.0.0)',
      pattern: HOST,
      allowed: 'an IP address or a host name',
    }),
    port: integer({
      description: 'Port to listen on; 0 takes a free one.',
      min: 0,
      max: 65_535,
      default: 8420,
    }),
    tls: choice(['off', 'self-signed', 'files'], {
      description:
        '`self-signed` makes a certificate and keeps it in dataDir; `files` reads http.tlsCert and http.tlsKey. A browser on another machine joins only over TLS.',
      default: ({ lan }) => (lan ? 'self-signed' : 'off'),
      defaultText: 'off (with lan: self-signed)',
    }),
    tlsCert: text({
      description: 'PEM file of the certificate chain, for http.tls=files.',
      default: '',
      optional: true,
      allowed: 'the path of a PEM file',
    }),
    tlsKey: text({
      description: 'PEM file of the private key, for http.tls=files.',
      default: '',
      optional: true,
      allowed: 'the path of a PEM file',
    }),
    origins: list({
      description: 'Web origins beside its own whose pages may call this node, as https://app.example.org.',
      default: [],
      each: ORIGIN,
      allowed: 'origins as https://app.example.org, separated by commas',
    }),
  }),
  auth: z.strictObject({
    mode: choice(['local', 'token'], {
      description:
        '`local` trusts requests from this machine to a loopback address; `token` needs a credential for every request. Always `token` where http.host is not loopback.',
      default: 'local',
    }),
  }),
  p2p: z.strictObject({
    enabled: flag({
      description: 'Take part in the mesh. Off: the node runs everything itself.',
      default: true,
    }),
    listen: list({
      description: 'libp2p addresses to listen on.',
      default: ({ httpHost }) => {
        const prefix = listenPrefix(httpHost)
        return [
          `${prefix}/tcp/0`,
          `${prefix}/tcp/0/ws`,
          `${prefix}/udp/0/quic-v1/webtransport`,
          `${prefix}/udp/0/webrtc-direct`,
        ]
      },
      defaultText:
        'TCP, WebSocket, WebTransport and WebRTC-Direct on free ports, on loopback unless http.host is not; WebTransport where QUIC can be loaded',
      each: MULTIADDR,
      allowed: 'multiaddrs as /ip4/127.0.0.1/tcp/0, separated by commas',
    }),
    join: list({
      description: 'Invite links of other nodes to work for.',
      default: [],
      each: INVITE,
      allowed: 'invite links as https://host/join#v1.…, separated by commas',
    }),
    pull: flag({
      description:
        'Come for the tasks of the nodes that this one works for, in batches, instead of having each pushed as it becomes ready.',
      default: false,
    }),
    relay: flag({
      description: 'Relay connections between peers that hold a grant, so that tabs reach each other.',
      default: true,
    }),
    announce: list({
      description:
        'Addresses to announce beside those that the node listens on: where a router or a proxy lets others in.',
      default: [],
      each: MULTIADDR,
      allowed: 'multiaddrs as /ip4/192.0.2.1/tcp/4001, separated by commas',
    }),
    tlsCert: text({
      description: 'PEM file of the certificate chain, for addresses in p2p.listen that end with /tls/ws.',
      default: '',
      optional: true,
      allowed: 'the path of a PEM file; p2p.tlsKey goes with it',
    }),
    tlsKey: text({
      description: 'PEM file of the private key that goes with p2p.tlsCert.',
      default: '',
      optional: true,
      allowed: 'the path of a PEM file; p2p.tlsCert goes with it',
    }),
    autoTls: flag({
      description:
        'Get a certificate of a public authority for the WebSocket listeners (AutoTLS): once the node has a public address, registration.libp2p.direct and Let’s Encrypt are asked.',
      default: false,
    }),
    upnp: flag({
      description: 'Ask the router to let others in (UPnP): its ports are mapped while the node runs.',
      default: false,
    }),
    publicIpServices: list({
      description:
        'Services on the internet that say this node’s public address, as text or JSON with `ip`; asked in turn until one answers. None is asked unless it stands here.',
      default: [],
      each: SERVICE,
      allowed: 'URLs as https://ip.example.org/, separated by commas',
    }),
    stun: flag({
      description:
        'Answer STUN where this node relays and listens on more than loopback, so that peers behind routers learn under which address they are seen.',
      default: true,
    }),
    stunPort: integer({
      description: 'UDP port of STUN; 0 takes a free one.',
      min: 0,
      max: 65_535,
      default: 0,
    }),
    stunServers: list({
      description:
        'STUN servers to ask beside those of the relays that this node knows. No public one is asked unless it stands here.',
      default: [],
      each: STUN_SERVER,
      allowed: 'servers as stun:stun.example.org:3478 with ports of 1 to 65535, separated by commas',
    }),
    namespace: text({
      description:
        'The name of the mesh that this node looks for and announces itself in; peers of another one are not heard. It is no secret and grants nothing.',
      default: 'toolmesh',
      pattern: NAMESPACE_NAME,
      allowed: '1 to 32 of a-z, 0-9 and -, the first no -',
    }),
    bootstrap: list({
      description:
        'Where other peers are found at first: multiaddrs (with /p2p/ and the peer id where it is known), origins of nodes as https://host:8420, or the name of a set of public nodes, which are asked only when they are named here.',
      default: [],
      each: BOOTSTRAP,
      allowed: `multiaddrs as /ip4/192.0.2.1/tcp/4001/p2p/12D3…, origins as https://host:8420, or ${PUBLIC_SET_NAMES.join(' or ')}, separated by commas`,
    }),
  }),
  discovery: z.strictObject({
    mdns: flag({
      description: 'Find nodes on the local network by multicast DNS, and be found. Off unless lan is set.',
      default: ({ lan }) => lan,
      defaultText: 'false (with lan: true)',
    }),
    dht: flag({
      description:
        'Take part in a distributed hash table of the peers of this namespace. It needs one peer to begin with: p2p.bootstrap, or a node that this one works for. Where p2p.bootstrap names a set of public nodes, the public hash table is asked too.',
      default: false,
    }),
    pubsub: flag({
      description: 'Announce this peer on a gossip topic of the namespace, and hear others there.',
      default: false,
    }),
    relay: flag({
      description:
        'Reserve a slot at a node that relays and that this one works for, so that peers which cannot reach this one directly come through it.',
      default: true,
    }),
    holepunch: flag({
      description:
        'Move a session from a relay to a direct connection as soon as one can be made: by the addresses that the peer says, or by WebRTC.',
      default: true,
    }),
    exchange: flag({
      description: 'Tell peers that hold a grant of others, and ask them.',
      default: true,
    }),
    wellKnown: flag({
      description: 'Ask the origins in p2p.bootstrap where they listen (/.well-known/toolmesh.json).',
      default: true,
    }),
    environment: flag({
      description: 'Take addresses from the variable TOOLMESH_BOOTSTRAP_PEERS, separated by commas.',
      default: true,
    }),
    bootstrap: flag({
      description:
        'Stay connected with a peer of p2p.bootstrap, so that the hash table and the topic have somebody to talk to.',
      default: true,
    }),
    file: text({
      description:
        'A registry that nodes share on a disk: a file whose name ends with .json, or else a folder with a file for each peer. Made when it is not there.',
      default: '',
      optional: true,
      allowed: 'the path of a .json file or of a folder',
    }),
    github: z.strictObject({
      repository: text({
        description: 'GitHub repository in one issue of which peers announce themselves, as owner/name.',
        default: '',
        optional: true,
        pattern: REPOSITORY,
        allowed: 'owner/name',
      }),
      issue: integer({
        description:
          'The number of that issue; 0 looks for the open one that carries the marker of the namespace.',
        min: 0,
        max: 2_147_483_647,
        default: 0,
      }),
      token: text({
        description:
          'Token for the GitHub API: it reads, and may write comments in, the issues of the repository. Without one this node only reads. Better given by the variable than by a flag.',
        default: '',
        optional: true,
        secret: true,
        pattern: /^[\x21-\x7e]*$/,
        allowed: 'a token, without spaces',
      }),
      api: text({
        description: 'Base URL of the GitHub API.',
        default: 'https://api.github.com',
        pattern: API,
        allowed: 'a URL as https://api.github.com',
      }),
    }),
  }),
  queue: z.strictObject({
    lease: integer({
      description: 'How long a worker may run an attempt before its lease must be renewed.',
      min: 1_000,
      max: 3_600_000,
      unit: 'ms',
      default: 30_000,
    }),
    grace: integer({
      description: 'How long the leases of a peer live on after its connection dropped; at most queue.lease.',
      min: 0,
      max: 600_000,
      unit: 'ms',
      default: 5_000,
    }),
    retention: integer({
      description:
        'How long a task is kept after its end, with its result, log lines and idempotency key; events as long.',
      min: 60_000,
      max: 31_622_400_000,
      unit: 'ms',
      default: 604_800_000,
    }),
    synchronous: choice(['full', 'normal'], {
      description:
        '`full`: what was acknowledged survives a power cut; `normal`: it survives the end of the process, and writes are faster.',
      default: 'full',
    }),
  }),
  cache: z.strictObject({
    entries: integer({
      description:
        'Entries in the cache, which the tools p2p_cache_* and the results of pure workflow steps share; beyond it the one unused longest goes.',
      min: 1,
      max: 10_000_000,
      default: DEFAULT_CACHE_LIMITS.entries,
    }),
    bytes: integer({
      description: 'All values in the cache together; beyond it the one unused longest goes.',
      min: 1_024,
      max: 1_099_511_627_776,
      unit: 'bytes',
      default: DEFAULT_CACHE_LIMITS.bytes,
    }),
    entryBytes: integer({
      description: 'Largest value in the cache.',
      min: 1,
      max: 16_777_216,
      unit: 'bytes',
      default: DEFAULT_CACHE_LIMITS.entryBytes,
    }),
    ttl: integer({
      description: 'How long an entry of the cache lives, at most and unless less is asked for.',
      min: 1_000,
      max: 31_622_400_000,
      unit: 'ms',
      default: DEFAULT_CACHE_LIMITS.ttlMs,
    }),
  }),
  workers: z.strictObject({
    max: integer({
      description: 'Worker threads that run tools; started when first needed.',
      min: 1,
      max: 256,
      default: ({ cores }) => Math.max(1, Math.min(256, cores - 1)),
      defaultText: 'one less than the cores, at least 1',
    }),
  }),
  limits: z.strictObject({
    httpBody: integer({
      description: 'Largest body of an HTTP request.',
      min: 1_024,
      max: 268_435_456,
      unit: 'bytes',
      default: 16_777_216,
    }),
    httpSessions: integer({
      description: 'MCP sessions over HTTP at once.',
      min: 1,
      max: 100_000,
      default: 1_000,
    }),
    httpSessionIdle: integer({
      description: 'An MCP session over HTTP ends after this time without a request or an open stream.',
      min: 1_000,
      max: 86_400_000,
      unit: 'ms',
      default: 1_800_000,
    }),
    callTimeout: integer({
      description: 'Longest run of a direct tool call; then the tool is ended.',
      min: 100,
      max: 86_400_000,
      unit: 'ms',
      default: 300_000,
    }),
    relaySlots: integer({
      description: 'Peers that this node relays for at once, each a reservation.',
      min: 1,
      max: 100_000,
      default: 1_000,
    }),
    relayTime: integer({
      description: 'How long one relayed connection may last. Its session moves to another one before.',
      min: 10_000,
      max: 2_147_483_647,
      unit: 'ms',
      default: 86_400_000,
    }),
    relayBytes: integer({
      description:
        'Bytes of one relayed connection, both directions together. Its session moves to another one before.',
      min: 131_072,
      max: Number.MAX_SAFE_INTEGER,
      unit: 'bytes',
      default: 17_179_869_184,
    }),
    relayRate: integer({
      description: 'Bytes a second of one relayed connection, both directions together; 0 sets no rate.',
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      unit: 'bytes/s',
      default: 0,
    }),
    openTasks: integer({
      description: 'Tasks that may wait or run at once; a submission beyond is refused with `queue_full`.',
      min: 1,
      max: 100_000_000,
      default: 1_000_000,
    }),
  }),
  log: z.strictObject({
    level: choice(['debug', 'info', 'warning', 'error'], {
      description: 'Least level that is logged.',
      default: 'warning',
    }),
    format: choice(['text', 'json'], {
      description: 'Form of a log line on the standard error output.',
      default: 'text',
    }),
  }),
})

/** The settings of a node, complete and valid. `dataDir` and the paths of files are absolute. */
export type Config = z.output<typeof configSchema>

export interface Setting extends SettingFacts {
  /** As written in messages and in toolmesh.yaml's nesting: `http.tlsCert`. */
  path: string
  /** `TOOLMESH_HTTP_TLS_CERT`. */
  variable: string
  /** Long flags without the dashes, the full name first: `http.port`, `port`. */
  flags: string[]
}

/** Short flags for what is typed most. */
const ALIASES: Record<string, string> = { 'http.port': 'port', 'http.host': 'host' }

/** All settings, in the order of the schema. */
export const SETTINGS: readonly Setting[] = leavesOf(configSchema, [])

function leavesOf(section: z.ZodObject, parents: string[]): Setting[] {
  return Object.entries(section.shape).flatMap(([key, schema]) => {
    const names = [...parents, key]
    if (schema instanceof z.ZodObject) return leavesOf(schema, names)
    const facts = factsOfSetting(schema)
    return facts === undefined ? [] : [{ ...facts, ...namesOf(names) }]
  })
}

function namesOf(names: string[]): Pick<Setting, 'path' | 'variable' | 'flags'> {
  const path = names.join('.')
  const kebab = names.map(name => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)).join('.')
  const alias = ALIASES[path]
  return {
    path,
    variable: `TOOLMESH_${kebab.replace(/[.-]/g, '_').toUpperCase()}`,
    flags: [...new Set([path, kebab, ...(alias === undefined ? [] : [alias])])],
  }
}
