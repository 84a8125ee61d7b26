/**
 * `/toolmesh/dial-back/1.0.0` (docs/PROTOCOL.md "Reachability"): a peer asks another one to open a connection to it by
 * addresses at which it may be reached. As AutoNAT (libp2p specs, autonat) does, but among peers that know each other, so
 * that one answer is enough; and as there, nobody is made to dial anywhere but where the question came from.
 */
import type { Connection, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import { expectedAddress } from '../dialling/expected-address.ts'
import { hostOf } from '../peers/peer-address.ts'

export const DIAL_BACK_PROTOCOL = '/toolmesh/dial-back/1.0.0'

/** Addresses in one question. */
export const MOST_DIALLED_BACK = 4

/** Milliseconds for each of them; all are dialled at once. */
const DIAL_MS = 5_000

/** Milliseconds between two questions of one peer. */
const EVERY_MS = 5_000

/** Peers whose last question is remembered. */
const REMEMBERED = 1_000

const MESSAGE_BYTES = 4 * 1024

const addressesSchema = z.array(z.string().max(512)).max(MOST_DIALLED_BACK)
const questionSchema = z.object({ addresses: addressesSchema })
const answerSchema = z.union([
  z.object({ reached: addressesSchema }),
  z.object({
    error: z.object({
      code: z.enum(['forbidden', 'rate_limited', 'invalid_input']),
      message: z.string().max(256),
    }),
  }),
])

/** By which of these addresses the other side could open a connection. Throws what it refuses, and what a stream throws. */
export async function askDialBack(
  stream: Stream,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const messages = lpStream(stream, { maxDataLength: MESSAGE_BYTES })
  await messages.write(encode({ addresses: addresses.slice(0, MOST_DIALLED_BACK) }), { signal })
  const answer = answerSchema.parse(decode((await messages.read({ signal })).subarray()))
  await stream.close({ signal })
  if ('error' in answer) throw new ToolmeshError(answer.error.code, answer.error.message)
  return answer.reached
}

export interface DialBackInit {
  /** Opens a connection to an address that ends with the id of the peer. */
  dial: (address: ReturnType<typeof expectedAddress>, signal: AbortSignal) => Promise<Connection>
  mayAsk: (peerId: string) => boolean
  clock: Clock
}

/** Answers such questions. */
export class DialBackService {
  readonly #init: DialBackInit
  readonly #asked = new Map<string, number>()

  constructor(init: DialBackInit) {
    this.#init = init
  }

  async serve(stream: Stream, connection: Connection): Promise<void> {
    const signal = AbortSignal.timeout(2 * DIAL_MS)
    const messages = lpStream(stream, { maxDataLength: MESSAGE_BYTES })
    try {
      const question = questionSchema.safeParse(decode((await messages.read({ signal })).subarray()))
      const refusal = this.#refusal(connection, question.success)
      const answer =
        question.success && refusal === undefined
          ? { reached: await this.#dialAll(question.data.addresses, connection) }
          : { error: refusal }
      await messages.write(encode(answer), { signal })
      await stream.close({ signal })
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #refusal(connection: Connection, wellFormed: boolean): { code: string; message: string } | undefined {
    const peerId = connection.remotePeer.toString()
    if (!this.#init.mayAsk(peerId))
      return { code: 'forbidden', message: 'this peer does not dial back for you' }
    if (!wellFormed)
      return { code: 'invalid_input', message: `addresses: up to ${MOST_DIALLED_BACK} multiaddrs` }
    const now = this.#init.clock.monotonic()
    const before = this.#asked.get(peerId)
    if (before !== undefined && now - before < EVERY_MS)
      return { code: 'rate_limited', message: `one question in ${EVERY_MS} ms` }
    this.#asked.delete(peerId)
    this.#asked.set(peerId, now)
    const [oldest] = this.#asked.keys()
    if (this.#asked.size > REMEMBERED && oldest !== undefined) this.#asked.delete(oldest)
    return undefined
  }

  async #dialAll(addresses: readonly string[], connection: Connection): Promise<string[]> {
    const from = hostOf(connection.remoteAddr.toString())
    // An address that begins with no host is not that of a connection which has none either.
    const direct = from !== undefined && !connection.remoteAddr.toString().includes('/p2p-circuit')
    const own = direct
      ? addresses.filter(address => !address.includes('/p2p-circuit') && hostOf(address) === from)
      : []
    const reached = await Promise.all(
      own.map(address => this.#dial(address, connection.remotePeer.toString())),
    )
    return own.filter((_, n) => reached[n] === true)
  }

  async #dial(address: string, peerId: string): Promise<boolean> {
    try {
      const made = await this.#init.dial(expectedAddress(address, peerId), AbortSignal.timeout(DIAL_MS))
      await made.close().catch(error => made.abort(error))
      return true
    } catch {
      return false
    }
  }
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

/** The JSON of a message; undefined for what is none. */
function decode(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
