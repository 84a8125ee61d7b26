import type { LaneNeeds } from '../states/lane.ts'
import { ClassLevel } from './class-level.ts'
import type { LaneLine } from './lane-line.ts'
import type { Turns } from './turns.ts'
import type { WorkerOffer } from './what-is-missing.ts'

/** All lanes that need the same, and the workers that have it. */
export class TaskClass<W extends WorkerOffer> {
  readonly key: string
  readonly needs: LaneNeeds
  readonly workers = new Set<W>()
  /** Workers that found nothing here when they asked last. */
  readonly resting = new Set<W>()
  /** By priority, those that were ever used. */
  readonly levels: ClassLevel<W>[] = []
  /** Lines to be read from the store when somebody can run them. */
  readonly unread = new Set<LaneLine<W>>()
  /** Lines kept in memory. */
  lines = 0
  /** Lines that contest. */
  contesting = 0
  /** Tasks that wait. */
  waiting = 0
  /** Tasks of the lines that contest, as many of each as its gates could let through at once. */
  ready = 0
  /** What is paused that its tool is part of, for a person. */
  paused: string | undefined

  constructor(key: string, needs: LaneNeeds) {
    this.key = key
    this.needs = needs
  }

  /** A worker has something to look for here. */
  get isLively(): boolean {
    return this.contesting > 0 && this.paused === undefined
  }

  level(priority: number, turns: (priority: number) => Turns): ClassLevel<W> {
    for (const level of this.levels) if (level.priority === priority) return level
    const made = new ClassLevel<W>(priority, turns(priority))
    this.levels.push(made)
    return made
  }
}

/** Equal for lanes that need the same. */
export function classKey({ tool, code_cid, target, requires }: LaneNeeds): string {
  return JSON.stringify([tool, code_cid ?? null, target ?? null, ...requires])
}
