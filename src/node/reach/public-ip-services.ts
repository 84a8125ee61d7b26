import type { Clock } from '../../shared/clock.ts'
import { ToolmeshError } from '../../shared/errors.ts'
import type { PublicIp } from '../../shared/mesh/reach/reachability.ts'
import { publicUnicast } from './public-unicast.ts'

/** Milliseconds for one service. */
const SERVICE_MS = 5_000

/** Milliseconds that an answer is believed. */
const BELIEVED_MS = 60 * 60_000

/** The longest answer that is read, in bytes: an address, alone or in JSON. */
const ANSWER_BYTES = 1_024

export interface PublicIpServicesInit {
  /** URLs that answer with the address of who asks, as text or as JSON with `ip`; asked in this order until one answers. */
  services: readonly string[]
  fetch: typeof fetch
  clock: Clock
}

/** Asks services on the internet for this node's public address; only those that a setting names. */
export class PublicIpServices {
  readonly #init: PublicIpServicesInit
  #known: PublicIp | undefined

  constructor(init: PublicIpServicesInit) {
    this.#init = init
  }

  /** Undefined where no service is named. Throws `unavailable` with what became of each when none gave a public address. */
  async ask(signal: AbortSignal): Promise<PublicIp | undefined> {
    const { services, clock } = this.#init
    if (services.length === 0) return undefined
    if (this.#known !== undefined && clock.now() - this.#known.at < BELIEVED_MS) return this.#known
    const failures: string[] = []
    for (const service of services) {
      signal.throwIfAborted()
      try {
        const ip = await this.#askOne(service, signal)
        this.#known = { ip, source: 'service', witnesses: 1, at: clock.now() }
        return this.#known
      } catch (error) {
        failures.push(`${service}: ${error instanceof Error ? error.message : error}`)
      }
    }
    throw new ToolmeshError('unavailable', `no service says the public address: ${failures.join('; ')}`)
  }

  async #askOne(service: string, signal: AbortSignal): Promise<string> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(SERVICE_MS)])
    const response = await this.#init.fetch(service, {
      signal: limit,
      redirect: 'error',
      headers: { accept: 'application/json, text/plain' },
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new Error(`status ${response.status}`)
    }
    const text = await shortText(response)
    const ip = publicUnicast(addressIn(text))
    if (ip === undefined) throw new Error(`no public address: ${JSON.stringify(text.slice(0, 60))}`)
    return ip
  }
}

async function shortText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > ANSWER_BYTES) throw new Error(`an answer of more than ${ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8').trim()
}

function addressIn(text: string): string {
  if (!text.startsWith('{')) return text
  try {
    const { ip } = JSON.parse(text) as { ip?: unknown }
    return typeof ip === 'string' ? ip : ''
  } catch {
    return ''
  }
}
