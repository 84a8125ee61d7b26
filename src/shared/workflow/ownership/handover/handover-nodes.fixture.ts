/** Nodes that hand a workflow to and fro, on stores that survive them: not part of the product. */
import { silentLogger } from '../../../logger.ts'
import { Bodies } from '../../../queue/bodies/bodies.ts'
import { MemoryBlobStore } from '../../../queue/bodies/memory-blob-store.ts'
import { LinkLostError } from '../../../queue/errors.ts'
import type { Plan } from '../../definition/plan.ts'
import { MemoryWorkflowStore } from '../../store/memory-workflow-store.ts'
import type { WorkflowEvent, WorkflowHead } from '../../workflow.ts'
import type { HandoverEngine, NewEvent } from '../engine-port.ts'
import { type Accident, Process } from '../process.fixture.ts'
import type { QuickClock } from '../quick-clock.fixture.ts'
import { Adoptions } from './adoptions.ts'
import { Handovers } from './handovers.ts'
import type { TransferPage } from './transfer.ts'

/** A definition of two steps, as if it had been compiled. */
export const PLAN: Plan = planOf(['first', 'second'])

export function planOf(ids: string[]): Plan {
  const definition = { name: 'test', steps: ids.map(id => ({ id, wait: { ms: 1 } })) }
  const steps = ids.map((id, index) => ({
    index,
    id,
    definition: { id, wait: { ms: 1 } },
    dependencies: [],
    dependents: [],
    triggerRule: 'all_succeeded' as const,
    onError: { kind: 'fail' as const },
    work: { kind: 'wait' as const, ms: 1 },
  }))
  const all = steps.map(({ index }) => index)
  return {
    definition,
    cid: 'cid',
    steps,
    step: id => steps.find(step => step.id === id),
    ends: all,
    beginnings: all,
  }
}

export class HandoverWorld {
  readonly clock: QuickClock
  readonly nodes = new Map<string, HandoverNode>()
  transfers = 0
  /** Seen at work on more than one node at once. */
  doubled: string[] = []

  constructor(clock: QuickClock, names: string[]) {
    this.clock = clock
    for (const name of names) this.nodes.set(name, new HandoverNode(this, name))
  }

  node(name: string): HandoverNode {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`no node ${name}`)
    return node
  }

  workersOn(id: string): string[] {
    return [...this.nodes.values()].filter(node => node.run?.isAtWork(id)).map(({ name }) => name)
  }

  look(id: string): void {
    if (this.workersOn(id).length > 1) this.doubled.push(id)
  }
}

/** What stays of a node over its runs, and the run that there is now. */
export class HandoverNode {
  readonly world: HandoverWorld
  readonly name: string
  readonly store: MemoryWorkflowStore
  readonly blobs = new MemoryBlobStore()
  run: NodeRun | undefined
  runs = 0

  constructor(world: HandoverWorld, name: string) {
    this.world = world
    this.name = name
    this.store = new MemoryWorkflowStore({ clock: world.clock })
  }

  async start(accident?: Accident): Promise<void> {
    this.runs += 1
    const run = new NodeRun(this, `${this.name}-${this.runs}`, accident)
    this.run = run
    await Promise.race([run.start(), run.process.died])
  }

  /** A run that has died is followed by another one. */
  async restart(): Promise<void> {
    if (this.run?.process.isDead !== true) return
    for (const other of this.world.nodes.values()) other.run?.adoptions.left(this.name)
    await this.start()
    for (const other of this.world.nodes.values()) other.run?.handovers.reachable(this.name)
  }
}

/** One run of a node: an engine that works on what it owns by doing nothing. */
export class NodeRun implements HandoverEngine {
  readonly process: Process
  readonly handovers: Handovers
  readonly adoptions: Adoptions
  readonly #node: HandoverNode
  readonly #engineId: string
  readonly #store: MemoryWorkflowStore
  readonly #heads = new Map<string, WorkflowHead>()
  readonly #resting = new Set<string>()
  readonly #asked = new Set<number>()
  /** What `rest` finds running. */
  running: string[] = []

  constructor(node: HandoverNode, engineId: string, accident: Accident | undefined) {
    this.#node = node
    this.#engineId = engineId
    this.process = new Process(node.world.clock, accident)
    const { clock } = this.process
    this.#store = this.process.using(node.store)
    const bodies = new Bodies({
      store: this.process.using(node.blobs),
      logger: silentLogger,
      inlineBytes: 1_000,
    })
    this.handovers = new Handovers({
      store: this.#store,
      readBody: body => bodies.read(body),
      engine: this,
      peers: this.process.using({
        reaches: async (peer: string) => node.world.node(peer).run?.process.isDead === false,
        send: (peer: string, page: TransferPage) => this.#send(peer, page),
      }),
      node: node.name,
      newTransferId: () => `transfer-${++node.world.transfers}`,
      clock,
      logger: silentLogger,
    })
    this.adoptions = new Adoptions({
      store: this.#store,
      bodies,
      compile: () => PLAN,
      ownerFor: () => engineId,
      ensureRoom: () => {},
      onAdopted: id => void this.#adopt(id),
      node: node.name,
      clock,
      logger: silentLogger,
    })
  }

  async start(): Promise<void> {
    this.#store.watch(({ what, workflow_id }) => {
      if (what === 'requested') void this.#lookAtRequests(workflow_id)
    })
    for (const head of await this.#node.store.orphans(undefined, 1_000)) {
      await this.#store.claim([{ workflow_id: head.workflow_id, fence: head.fence, owner: this.#engineId }])
      await this.#adopt(head.workflow_id)
    }
  }

  isAtWork(id: string): boolean {
    const head = this.#heads.get(id)
    if (head === undefined || this.process.isDead || this.#resting.has(id)) return false
    return head.handover === undefined && head.ended_at === undefined
  }

  async rest(id: string): Promise<string[]> {
    this.#resting.add(id)
    return this.running
  }

  awaken(id: string): void {
    this.#resting.delete(id)
    this.#node.world.look(id)
    void this.#lookAtRequests(id)
  }

  async record(
    id: string,
    events: readonly NewEvent[],
    requests_done: readonly number[],
  ): Promise<WorkflowHead> {
    const before = this.#heads.get(id)
    if (before === undefined) throw new Error(`${id} is not here`)
    const at = this.process.clock.now()
    const head = { ...before, changed_at: at }
    const whole = events.map(event => {
      head.seq += 1
      if (event.kind === 'handover_began') head.handover = { to: event.to, transfer: event.transfer }
      if (event.kind === 'handover_refused' || event.kind === 'handed_over') delete head.handover
      if (event.kind === 'handed_over') Object.assign(head, { moved_to: event.to, ended_at: at })
      return { seq: head.seq, at, ...event } as WorkflowEvent
    })
    // From here on it is held by what it has begun, whatever becomes of the append.
    this.#heads.set(id, head)
    const [reply] = await this.#store.append([
      {
        workflow_id: id,
        fence: head.fence,
        events: whole,
        bodies: [],
        head,
        requests_done: [...requests_done],
      },
    ])
    if (reply?.done !== true) throw new Error(`refused: ${JSON.stringify(reply)}`)
    if (head.ended_at !== undefined) this.#heads.delete(id)
    return head
  }

  async #adopt(id: string): Promise<void> {
    const head = await this.#store.head(id)
    if (head === undefined || head.owner !== this.#engineId || head.ended_at !== undefined) return
    this.#heads.set(id, head)
    this.#resting.delete(id)
    this.#node.world.look(id)
    if (head.handover !== undefined) this.handovers.leaving(head)
    else await this.#lookAtRequests(id)
  }

  async #lookAtRequests(id: string): Promise<void> {
    for (const request of await this.#store.requests(id)) {
      const head = this.#heads.get(id)
      if (head === undefined || head.handover !== undefined || this.#asked.has(request.id)) continue
      if (request.request.kind !== 'hand_over') continue
      this.#asked.add(request.id)
      this.handovers.handOver(head, request)
    }
  }

  async #send(peer: string, page: TransferPage) {
    const other = this.#node.world.node(peer).run
    if (other === undefined || other.process.isDead) throw new LinkLostError(peer)
    const lost = other.process.died.then(() => {
      throw new LinkLostError(peer)
    })
    return Promise.race([other.adoptions.take(this.#node.name, structuredClone(page)), lost])
  }
}
