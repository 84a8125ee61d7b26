import type { Clock } from '../shared/clock.ts'
import { ToolmeshError } from '../shared/errors.ts'
import type { Logger } from '../shared/logger.ts'
import type { WorkflowAdopter } from '../shared/mcp/endpoint/peer-endpoint.ts'
import { QueueFullError } from '../shared/queue/errors.ts'
import type { Json } from '../shared/tools/tool.ts'
import type { Plan } from '../shared/workflow/definition/plan.ts'
import type { Plans } from '../shared/workflow/engine/plans.ts'
import { Adoptions, type AdoptionsInit } from '../shared/workflow/ownership/handover/adoptions.ts'
import { Handovers, type TransferPeers } from '../shared/workflow/ownership/handover/handovers.ts'
import type { TransferAnswer, TransferPage } from '../shared/workflow/ownership/handover/transfer.ts'
import type { HandoverParts, WorkflowsInit } from '../shared/workflow/workflows.ts'

/** Milliseconds after which a handover that met too many open workflows may be tried again. */
const RETRY_FULL_MS = 5_000

export interface WorkflowMovesInit extends Pick<WorkflowsInit, 'store' | 'bodies'> {
  /** The other nodes. */
  peers: TransferPeers
  /** Peer id of this node. */
  node: string
  clock: Clock
  logger: Logger
}

/** Workflows that go to other nodes, and come from them. */
export class WorkflowMoves implements WorkflowAdopter {
  readonly #init: WorkflowMovesInit
  #handovers: Handovers | undefined
  #adoptions: Adoptions | undefined

  constructor(init: WorkflowMovesInit) {
    this.#init = init
  }

  /** What `Workflows` needs to hand workflows over; called once, when they are built. */
  of({ engine, ownership, plans, limits }: HandoverParts): Handovers {
    const { store, bodies, peers, node, clock, logger } = this.#init
    const adoptions: AdoptionsInit = {
      store,
      bodies,
      compile: definition => runnable(plans, definition),
      ownerFor: rootId => ownership.ownerFor(rootId),
      ensureRoom: () => {
        if (engine.load.workflows < limits.openWorkflows) return
        throw new QueueFullError(`${limits.openWorkflows} workflows are open at the node`, RETRY_FULL_MS)
      },
      onAdopted: id => ownership.recheck(id),
      node,
      clock,
      logger,
    }
    this.#adoptions = new Adoptions(adoptions)
    this.#handovers = new Handovers({
      store,
      readBody: body => bodies.read(body),
      engine,
      peers,
      node,
      newTransferId: () => crypto.randomUUID(),
      clock,
      logger,
    })
    return this.#handovers
  }

  async take(from: string, page: TransferPage): Promise<TransferAnswer> {
    if (this.#adoptions === undefined)
      throw new ToolmeshError('unavailable', 'the node takes no workflows yet')
    return this.#adoptions.take(from, page)
  }

  /** There is a session with the node. */
  reachable(peerId: string): void {
    this.#handovers?.reachable(peerId)
  }

  /** There is none any more. */
  left(peerId: string): void {
    this.#adoptions?.left(peerId)
  }

  /** What is under way goes on after the next start; before the workflows themselves are closed. */
  async close(): Promise<void> {
    await Promise.all([this.#handovers?.close(), this.#adoptions?.close()])
  }
}

/** The definition compiled, if this node has all that it names. Throws `invalid_input`, `not_found`. */
async function runnable(plans: Plans, definition: Json): Promise<Plan> {
  const plan = plans.compile(definition)
  for (const { work } of plan.steps) {
    if (work.kind === 'workflow' && !('steps' in work.ref)) await plans.named(work.ref.name, work.ref.version)
  }
  return plan
}
