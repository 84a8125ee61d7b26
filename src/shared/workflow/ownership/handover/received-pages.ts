import { InvalidInputError, type ToolmeshError } from '../../../errors.ts'
import type { Json } from '../../../tools/tool.ts'
import type { Plan } from '../../definition/plan.ts'
import { Progress } from '../../engine/progress.ts'
import { MAX_GENERATIONS } from '../../engine/reschedule.ts'
import type { AdoptedPage, KeptBody } from '../../store/store.ts'
import type { Body, WorkflowEvent, WorkflowHead } from '../../workflow.ts'
import type { TransferHead, TransferRecord } from './transfer.ts'

/** What a node takes of a workflow from another one, each bounded as what is sent there can be made up. */
export interface TransferLimits {
  /** Events of a workflow; one of 100,000 steps or items has three for each. */
  events: number
  /** Bytes (as UTF-16 units) of all bodies. */
  bodyChars: number
  /** The same of one body, which is in memory until it has come whole. */
  oneBodyChars: number
  /** Items of all its `for_each` steps. */
  items: number
}

export const DEFAULT_TRANSFER_LIMITS: TransferLimits = {
  events: 1_000_000,
  bodyChars: 1024 * 1024 * 1024,
  oneBodyChars: 64 * 1024 * 1024,
  items: 10_000_000,
}

export interface ReceivedPagesInit {
  /** The transfer, from the node `from` to the node `to`, this one. */
  transfer: string
  from: string
  to: string
  /** Throws `invalid_input` where this node cannot run the definition. */
  compile: (definition: Json) => Plan | Promise<Plan>
  /** The head that the workflow gets here. */
  headOf: (sent: TransferHead) => WorkflowHead
  /** Rejects with `invalid_input` for one that is too large, `unavailable`. */
  keep: (text: string, field: string) => Body | Promise<Body>
  now: () => number
  limits: TransferLimits
}

/**
 * Checks what another node sends of a workflow, and makes of it what a store adopts: the definition must compile here, the events follow on
 * each other by the rules of this node's own engine, the head be what they lead to. Throws `invalid_input` at the first thing that is not so.
 */
export async function* receivedPages(
  init: ReceivedPagesInit,
  pages: AsyncIterable<TransferRecord[]>,
): AsyncGenerator<AdoptedPage> {
  const received = new Received(init)
  for await (const records of pages) {
    for (const record of records) await received.add(record)
    const page = received.take()
    if (page !== undefined) yield page
  }
  received.finish()
  yield received.take() ?? {}
}

class Received {
  readonly #init: ReceivedPagesInit
  #sent: TransferHead | undefined
  #progress: Progress | undefined
  #page = emptyPage()
  #bodyChars = 0
  #items = 0
  /** The body that goes on in the next record. */
  #part: { of: string; pieces: string[]; chars: number } | undefined

  constructor(init: ReceivedPagesInit) {
    this.#init = init
  }

  async add(record: TransferRecord): Promise<void> {
    if ('head' in record) return this.#head(record.head)
    if (this.#sent === undefined) throw refused('/records', record, 'the head first')
    if ('events' in record) return this.#events(record.events)
    const { text, more } = record
    const whole = text === undefined ? undefined : this.#whole(JSON.stringify(keyOf(record)), text, more)
    if (text !== undefined && whole === undefined) return
    if ('request' in record) return this.#request(record.request, whole)
    if (whole !== undefined) await this.#body(record.body, whole)
  }

  /** What a store may keep now: nothing before the definition was found right. */
  take(): AdoptedPage | undefined {
    if (this.#progress === undefined) return undefined
    const page = this.#page
    this.#page = emptyPage()
    return page
  }

  finish(): void {
    const { transfer, to, from, now } = this.#init
    const progress = this.#progress
    const sent = this.#sent
    if (progress === undefined || sent === undefined || this.#part !== undefined) {
      throw refused('/records', undefined, 'a head, a definition, events and whole bodies')
    }
    if (progress.handover?.transfer !== transfer || progress.handover.to !== to) {
      throw refused('/transfer', transfer, 'the handover to this node that its events end with')
    }
    const { counts, seq, generation, ended, borneFailures } = progress
    if (ended !== undefined) throw refused('/head/state', ended.state, 'a workflow that has not ended')
    const fits =
      seq === sent.seq &&
      generation === sent.generation &&
      borneFailures === sent.failed_steps &&
      Object.entries(counts).every(([state, count]) => sent.steps[state as keyof typeof counts] === count)
    if (!fits) throw refused('/head', { seq: sent.seq, steps: sent.steps }, 'what its events lead to')
    this.#page.events.push({ seq: seq + 1, at: now(), kind: 'adopted', from, transfer })
  }

  #head(head: TransferHead): void {
    if (this.#sent !== undefined) throw refused('/head', head.name, 'one head')
    if (head.seq > this.#init.limits.events) {
      throw refused('/head/seq', head.seq, `at most ${this.#init.limits.events} events`)
    }
    this.#sent = head
    this.#page.head = this.#init.headOf(head)
  }

  #events(events: WorkflowEvent[]): void {
    const progress = this.#progress
    if (progress === undefined) throw refused('/events', events[0]?.seq, 'the definition before events')
    for (const event of events) {
      if (event.seq > (this.#sent?.seq ?? 0))
        throw refused('/events/seq', event.seq, 'at most that of the head')
      if (event.kind === 'rescheduled' && !isNext(event.generation, progress.generation))
        throw refused('/events/generation', event.generation, `the next one, at most ${MAX_GENERATIONS}`)
      if (event.kind === 'step_started') this.#items += event.items ?? 0
      if (this.#items > this.#init.limits.items) {
        throw refused('/events/items', this.#items, `at most ${this.#init.limits.items} items of all steps`)
      }
      try {
        progress.apply(event)
      } catch (error) {
        throw refused('/events', event, `what may follow (${error instanceof Error ? error.message : error})`)
      }
      this.#page.events.push(event)
    }
  }

  async #body(key: KeptBody['key'], text: string): Promise<void> {
    const value = jsonOf(text, '/body')
    if (key.of === 'definition') {
      if (this.#progress !== undefined) throw refused('/body', 'definition', 'one definition')
      const plan = await this.#init.compile(value)
      if (plan.cid !== this.#sent?.definition_cid) {
        throw refused(
          '/head/definition_cid',
          this.#sent?.definition_cid,
          `that of its definition, ${plan.cid}`,
        )
      }
      this.#progress = new Progress(plan)
    } else if (this.#progress === undefined) {
      throw refused('/body', key.of, 'the definition before other bodies')
    } else if ('step' in key && this.#progress.plan.step(key.step) === undefined) {
      throw refused('/body/step', key.step, 'a step of its definition')
    }
    this.#page.bodies.push({ key, body: await this.#init.keep(text, '/body') })
  }

  async #request(
    request: Extract<TransferRecord, { request: unknown }>['request'],
    text?: string,
  ): Promise<void> {
    if (request.kind === 'hand_over')
      throw refused('/request/kind', request.kind, 'signal, cancel or reschedule')
    if (text !== undefined) jsonOf(text, '/request')
    // Names of principals are those of the other node: here it is the node itself that asks.
    const own = { ...request, by: `peer:${this.#init.from}` }
    const body = text === undefined ? {} : { body: await this.#init.keep(text, '/request') }
    this.#page.requests.push({ request: own, ...body })
  }

  /** Undefined as long as there is more of it to come. */
  #whole(of: string, text: string, more: true | undefined): string | undefined {
    this.#bodyChars += text.length
    if (this.#bodyChars > this.#init.limits.bodyChars) {
      throw refused(
        '/body',
        this.#bodyChars,
        `bodies of at most ${this.#init.limits.bodyChars} bytes together`,
      )
    }
    const part = this.#part
    if (part !== undefined && part.of !== of) throw refused('/body', of, `the rest of ${part.of}`)
    const chars = (part?.chars ?? 0) + text.length
    if (chars > this.#init.limits.oneBodyChars) {
      throw refused('/body', chars, `a body of at most ${this.#init.limits.oneBodyChars} characters`)
    }
    if (more === true) {
      if (part === undefined) this.#part = { of, pieces: [text], chars }
      else {
        part.pieces.push(text)
        part.chars = chars
      }
      return undefined
    }
    this.#part = undefined
    return part === undefined ? text : part.pieces.join('') + text
  }
}

function isNext(generation: number, before: number): boolean {
  return generation === before + 1 && generation <= MAX_GENERATIONS
}

type FilledPage = Pick<AdoptedPage, 'head'> & Required<Omit<AdoptedPage, 'head'>>

function emptyPage(): FilledPage {
  return { events: [], bodies: [], requests: [] }
}

function keyOf(record: Extract<TransferRecord, { text?: string }>): unknown {
  return 'body' in record ? record.body : record.request
}

function jsonOf(text: string, field: string): Json {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refused(field, text, `JSON (${error instanceof Error ? error.message : error})`)
  }
}

function refused(field: string, value: unknown, allowed: string): ToolmeshError {
  return new InvalidInputError(field, value, allowed)
}
