import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { WorkflowOwner } from '../status.ts'
import type { Claim, EngineEntry, StoreHint, WorkflowStore } from '../store/store.ts'
import { ENDED_WORKFLOW, type WorkflowHead } from '../workflow.ts'
import { EngineLease } from './engine-lease.ts'
import type { OwnedEngine } from './engine-port.ts'
import { rendezvousFirst } from './rendezvous.ts'
import { Takeover } from './takeover.ts'

/** Workflows that are read, or handed on, at once. */
const PAGE = 256

export interface OwnershipInit {
  store: Pick<WorkflowStore, 'renew' | 'leave' | 'orphans' | 'owned' | 'claim' | 'head' | 'watch'>
  engine: OwnedEngine
  /** Random for each run of a node. */
  engineId: string
  /** Peer id of the node. */
  node: string
  /** Default 10 s. */
  leaseMs?: number
  clock: Clock
  logger: Logger
}

/**
 * Which workflows of a store are this engine's: new ones by rendezvous among the engines that live, orphans by takeover,
 * and none once it drains. The store decides each change of owner by compare and set; everything else here only says who asks when.
 */
export class Ownership {
  readonly #init: OwnershipInit
  readonly #lease: EngineLease
  readonly #takeover: Takeover
  #unwatch = () => {}
  /** Told of by hints, not looked at yet. */
  #hinted = new Set<string>()
  #hintsPlanned = false
  /** Where the walk over what it owns goes on at the next renewal. */
  #walked: string | undefined
  /** One after the other, so that what was read first is also acted on first. */
  #work: Promise<void> = Promise.resolve()
  #closed = false

  constructor(init: OwnershipInit) {
    this.#init = init
    const { store, engineId, node, leaseMs, clock, logger } = init
    this.#lease = new EngineLease({
      store,
      engineId,
      node,
      ...(leaseMs === undefined ? {} : { leaseMs }),
      clock,
      logger,
      onRenewed: lapsed => this.#renewed(lapsed),
    })
    this.#takeover = new Takeover({
      store,
      engineId,
      leaseMs: this.#lease.leaseMs,
      clock,
      takers: () => this.#lease.takers(),
      onClaimed: heads => this.#claimed(heads),
    })
  }

  get engineId(): string {
    return this.#lease.engineId
  }

  /** The engines of the store at the latest renewal. */
  get engines(): readonly EngineEntry[] {
    return this.#lease.engines
  }

  /** False while the lease may have ended by the engine's own clock: it submits and appends nothing then. */
  get mayAct(): boolean {
    return this.#lease.isHeld
  }

  /** Takes the engine's lease and what nobody owns; resolves when the engine was given that. Rejects with `unavailable`. */
  async start(): Promise<void> {
    this.#unwatch = this.#init.store.watch(hint => this.#hint(hint))
    await this.#lease.start()
    await this.#work
  }

  /** The engine that a new workflow of this family goes to; undefined when none takes any. */
  ownerFor(rootId: string): string | undefined {
    return rendezvousFirst(rootId, this.#lease.takers())
  }

  /** Who works on a workflow and why. */
  coordination(head: WorkflowHead): WorkflowOwner {
    const { owner, fence, handover, moved_to } = head
    const entry = this.#lease.engines.find(({ engine_id }) => engine_id === owner)
    const at = {
      fence,
      ...(owner === undefined ? {} : { engine: owner }),
      ...(entry === undefined ? {} : { node: entry.node }),
    }
    if (moved_to !== undefined) {
      return { ...at, state: 'moved', moved_to, why: `it was handed over to the node ${moved_to}` }
    }
    if (handover !== undefined) {
      const why = `it is on its way to the node ${handover.to}, which has not answered yet`
      return { ...at, state: 'moving', moved_to: handover.to, why }
    }
    if (ENDED_WORKFLOW.has(head.state)) return { ...at, state: 'ended', why: 'it has ended' }
    if (owner === undefined) return { ...at, state: 'unowned', why: 'no engine takes workflows now' }
    if (entry?.alive !== true)
      return {
        ...at,
        state: 'unowned',
        why: `the lease of its engine ${owner} has ended; another one takes over`,
      }
    const others = this.#lease.engines.filter(({ alive, draining }) => alive && !draining)
    if (others.length < 2) return { ...at, state: 'owned', why: 'it is the only engine on this store' }
    const first = rendezvousFirst(
      head.root_id,
      others.map(({ engine_id }) => engine_id),
    )
    const why =
      first === owner
        ? `of the ${others.length} engines on this store it has the highest rendezvous weight for ${head.root_id}`
        : 'it was the first to claim it; it stays while its engine lives, although others have come since'
    return { ...at, state: 'owned', why }
  }

  /** Its owner may be another now, or this engine again: looked up, and adopted or dropped. */
  recheck(workflowId: string): void {
    this.#hinted.add(workflowId)
    if (this.#hintsPlanned) return
    this.#hintsPlanned = true
    this.#inTurn(() => this.#followHints()).catch(error => this.#failed(error))
  }

  /**
   * Starts nothing any more and hands what it owns to the other engines of the store. Where there is none, all stays
   * as it is and goes on after the next start. Rejects with `unavailable`.
   */
  async drain(): Promise<void> {
    this.#init.engine.startNothing()
    await this.#lease.drain()
    await this.#inTurn(() => this.#handOn())
  }

  /** Ends the lease; what the engine still owns is free at once. Close the engine before. */
  async close(): Promise<void> {
    this.#closed = true
    this.#unwatch()
    await this.#takeover.close()
    await this.#work
    await this.#lease.close()
  }

  #renewed(lapsed: boolean): void {
    const walked = this.#inTurn(() => (lapsed ? this.#reconcile() : this.#walk()))
    const looked = this.#inTurn(() => this.#takeover.look())
    Promise.all([walked, looked]).catch(error => this.#failed(error))
  }

  #hint({ what, owner, workflow_id }: StoreHint): void {
    if (what !== 'assigned' || this.#closed) return
    if ((owner === this.engineId) === this.#init.engine.has(workflow_id) && owner !== undefined) return
    this.recheck(workflow_id)
  }

  /** What is true now counts, not what a hint said that may be late. */
  async #followHints(): Promise<void> {
    const hinted = this.#hinted
    this.#hinted = new Set()
    this.#hintsPlanned = false
    if (hinted.size > PAGE) await this.#reconcile()
    else await this.#check([...hinted])
    await this.#takeover.look()
  }

  async #check(ids: readonly string[]): Promise<void> {
    const { store, engine } = this.#init
    const heads = (await Promise.all(ids.map(id => store.head(id)))).filter(head => head !== undefined)
    const mine = heads.filter(head => this.#isMine(head))
    const lost = heads.filter(head => !this.#isMine(head) && engine.has(head.workflow_id))
    if (lost.length > 0) engine.drop(lost.map(({ workflow_id }) => workflow_id))
    if (mine.length > 0) engine.adopt(mine)
  }

  #isMine({ owner, ended_at }: WorkflowHead): boolean {
    return owner === this.engineId && ended_at === undefined
  }

  /** A page of what it owns at each renewal: whatever a lost hint did not say is known after a round. */
  async #walk(): Promise<void> {
    const page = await this.#init.store.owned(this.engineId, this.#walked, PAGE)
    if (page.length > 0) this.#init.engine.adopt(page)
    this.#walked = page.length < PAGE ? undefined : page.at(-1)?.workflow_id
  }

  /** All that it owns, after a time in which others may have taken it. */
  async #reconcile(): Promise<void> {
    const { store, engine } = this.#init
    const had = new Set(engine.open())
    for (let after: string | undefined; !this.#closed; ) {
      const page = await store.owned(this.engineId, after, PAGE)
      if (page.length > 0) engine.adopt(page)
      for (const { workflow_id } of page) had.delete(workflow_id)
      after = page.at(-1)?.workflow_id
      if (page.length < PAGE) break
    }
    const missing = [...had]
    while (missing.length > 0 && !this.#closed) await this.#check(missing.splice(0, PAGE))
  }

  #claimed(heads: readonly WorkflowHead[]): void {
    this.#init.logger('info', 'workflows without an owner were taken over', { workflows: heads.length })
    if (!this.#closed) this.#init.engine.adopt(heads)
  }

  async #handOn(): Promise<void> {
    const { store, engine, logger } = this.#init
    let handed = 0
    for (let after: string | undefined; ; ) {
      const takers = this.#lease.takers()
      if (takers.length === 0) break
      const page = await store.owned(this.engineId, after, PAGE)
      const claims = page.map(
        ({ workflow_id, root_id, fence }): Claim => ({
          workflow_id,
          fence,
          owner: rendezvousFirst(root_id, takers),
        }),
      )
      const given = (await store.claim(claims)).filter(head => head !== undefined)
      engine.drop(given.map(({ workflow_id }) => workflow_id))
      handed += given.length
      after = page.at(-1)?.workflow_id
      if (page.length < PAGE) break
    }
    logger('info', 'workflows were handed on', { workflows: handed })
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(() => (this.#closed ? undefined : work()))
    this.#work = done.catch(() => {})
    return done
  }

  #failed(error: unknown): void {
    // The next renewal looks again.
    this.#init.logger('warning', 'workflows of this node could not be looked up', { error: String(error) })
  }
}
