import type { Clock } from '../../clock.ts'
import type { Claim, WorkflowStore } from '../store/store.ts'
import type { WorkflowHead } from '../workflow.ts'
import { rendezvousRank } from './rendezvous.ts'

/** Orphans that are read, and claimed, at once. */
const PAGE = 256
/** Rank r waits r times this part of the lease, and no rank longer than twice it: a takeover ends within 2 leases. */
const RANK_PART = 4
const LAST_RANK = 2

export interface TakeoverInit {
  store: Pick<WorkflowStore, 'orphans' | 'claim'>
  engineId: string
  leaseMs: number
  clock: Clock
  /** Engines that take workflows now, by their ids. */
  takers: () => readonly string[]
  /** It owns these from now on. */
  onClaimed: (heads: readonly WorkflowHead[]) => void
}

/**
 * Takes over workflows that no living engine owns. The engine with the highest rendezvous weight for the family (`root_id`) tries at
 * once, the next a quarter of the lease later, all others after half of it; who claims first has it. With an orphan found at most a
 * third of a lease after its owner's ended, all is over 1.84 leases after the owner was heard of last.
 */
export class Takeover {
  readonly #init: TakeoverInit
  #looking: Promise<void> | undefined
  /** A look that was asked for while one was under way: with this rank, or a higher one. */
  #next: number | undefined
  /** The next turn, while orphans of later ranks wait. */
  #wait: { turn: number; stop: () => void } | undefined
  #closed = false

  constructor(init: TakeoverInit) {
    this.#init = init
  }

  /** Looks for orphans, after each renewal and when one was heard of. Rejects with `unavailable`. */
  look(): Promise<void> {
    return this.#look(0)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#wait?.stop()
    await this.#looking?.catch(() => {})
  }

  async #look(rank: number): Promise<void> {
    if (this.#looking !== undefined) {
      this.#next = Math.max(this.#next ?? 0, rank)
      return this.#looking
    }
    this.#looking = this.#lookUntilNoneAsks(rank).finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #lookUntilNoneAsks(rank: number): Promise<void> {
    for (let turn: number | undefined = rank; turn !== undefined && !this.#closed; turn = this.#next) {
      this.#next = undefined
      if (await this.#claimUpTo(turn)) this.#endWait()
      else this.#await(Math.min(turn + 1, LAST_RANK))
    }
  }

  /** Claims the orphans for which this engine's rank is not above `turn`; false when it left others. */
  async #claimUpTo(turn: number): Promise<boolean> {
    const { store, engineId, takers, onClaimed } = this.#init
    let leftSome = false
    for (let after: string | undefined; !this.#closed; ) {
      const members = takers()
      if (!members.includes(engineId)) return true
      const page = await store.orphans(after, PAGE)
      const claims: Claim[] = []
      for (const { workflow_id, root_id, fence } of page) {
        const rank = Math.min(rendezvousRank(root_id, engineId, members), LAST_RANK)
        if (rank <= turn) claims.push({ workflow_id, fence, owner: engineId })
        else leftSome = true
      }
      if (claims.length > 0 && !this.#closed) {
        const claimed = (await store.claim(claims)).filter(head => head !== undefined)
        if (claimed.length > 0) onClaimed(claimed)
      }
      after = page.at(-1)?.workflow_id
      if (page.length < PAGE) break
    }
    return !leftSome
  }

  /** Gives the ranks up to `turn` their turn; one that is awaited already comes no later by this. */
  #await(turn: number): void {
    if (this.#closed) return
    if (this.#wait !== undefined) {
      this.#wait.turn = Math.max(this.#wait.turn, turn)
      return
    }
    const wait = {
      turn,
      stop: this.#init.clock.after(this.#init.leaseMs / RANK_PART, () => {
        this.#wait = undefined
        // What fails now is tried by the look after the next renewal.
        this.#look(wait.turn).catch(() => {})
      }),
    }
    this.#wait = wait
  }

  #endWait(): void {
    this.#wait?.stop()
    this.#wait = undefined
  }
}
