import type { LaneNeeds } from '../states/lane.ts'

/** What a worker has. */
export interface WorkerOffer {
  readonly peer_id: string
  /** code_cid by tool name. */
  readonly tools: ReadonlyMap<string, string>
  readonly labels: ReadonlySet<string>
}

/** What keeps `worker` from running a task with these needs; `undefined`: nothing. */
export function whatIsMissing(needs: LaneNeeds, worker: WorkerOffer): string | undefined {
  return gap(needs, worker)?.missing
}

/** What no worker has: said of the one that comes nearest, a label rather than the tool. `undefined`: one has all. */
export function whatNobodyHas(needs: LaneNeeds, workers: Iterable<WorkerOffer>): string | undefined {
  let nearest = { had: -1, missing: needs.target === undefined ? offers(needs) : `peer ${needs.target}` }
  for (const worker of workers) {
    const found = gap(needs, worker)
    if (found === undefined) return undefined
    if (found.had > nearest.had) nearest = found
  }
  return nearest.missing
}

/** `had`: how many kinds of what is needed the worker has, in the order in which they are checked. */
function gap(needs: LaneNeeds, worker: WorkerOffer): { had: number; missing: string } | undefined {
  if (needs.target !== undefined && needs.target !== worker.peer_id) {
    return { had: 0, missing: `peer ${needs.target}` }
  }
  const code = worker.tools.get(needs.tool)
  if (code === undefined) return { had: 1, missing: offers(needs) }
  if (needs.code_cid !== undefined && needs.code_cid !== code) {
    return { had: 2, missing: `a worker with this build of ${needs.tool}` }
  }
  const label = needs.requires.find(each => !worker.labels.has(each))
  return label === undefined ? undefined : { had: 3, missing: `a worker labelled ${label}` }
}

function offers({ tool }: LaneNeeds): string {
  return `a worker that offers ${tool}`
}
