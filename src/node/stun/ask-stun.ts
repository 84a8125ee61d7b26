import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { ToolmeshError } from '../../shared/errors.ts'
import { type MappedAddress, mappedAddress, stunRequest } from '../../shared/mesh/reach/stun-message.ts'

/** Milliseconds between two sends of a request that has no answer (RFC 8489, section 6.2.1: first 500, doubling). */
const AGAIN_MS = 500

export interface StunServerAt {
  host: string
  port: number
}

/**
 * Under which address each of these servers sees one and the same UDP port of this machine, in their order; undefined for a
 * server that does not answer. Throws `timed_out` never: the signal ends the wait.
 */
export async function askStun(
  servers: readonly StunServerAt[],
  { signal, random }: { signal: AbortSignal; random: (bytes: number) => Uint8Array },
): Promise<(MappedAddress | undefined)[]> {
  const [first] = servers
  if (first === undefined) return []
  if (servers.some(({ host }) => isIPv6(host) !== isIPv6(first.host)))
    throw new ToolmeshError('internal', 'servers of one address family are asked at a time')
  const socket = createSocket(isIPv6(first.host) ? 'udp6' : 'udp4')
  const asked = servers.map(server => ({
    ...server,
    request: stunRequest(random(12)),
    answer: Promise.withResolvers<MappedAddress | undefined>(),
    answered: false,
  }))
  socket.on('message', data => {
    for (const one of asked) {
      const mapped = mappedAddress(data, one.request)
      if (mapped === undefined) continue
      one.answered = true
      one.answer.resolve(mapped)
    }
  })
  // An address that cannot be reached: its answer stays out.
  socket.on('error', () => {})
  const send = () => {
    for (const { request, port, host, answered } of asked)
      if (!answered) socket.send(request, port, host, () => {})
  }
  const timers: NodeJS.Timeout[] = []
  const again = (ms: number) => {
    send()
    timers.push(setTimeout(() => again(ms * 2), ms))
  }
  const giveUp = () => {
    for (const { answer } of asked) answer.resolve(undefined)
  }
  signal.addEventListener('abort', giveUp, { once: true })
  if (signal.aborted) giveUp()
  else again(AGAIN_MS)
  try {
    return await Promise.all(asked.map(({ answer }) => answer.promise))
  } finally {
    for (const timer of timers) clearTimeout(timer)
    signal.removeEventListener('abort', giveUp)
    socket.close()
  }
}
