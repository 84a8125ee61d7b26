/** Workflows over stores in memory, to test with: not part of the product. */
import jsonata from 'jsonata'
import type { Clock } from '../../clock.ts'
import { InvalidInputError } from '../../errors.ts'
import { silentLogger } from '../../logger.ts'
import { Bodies } from '../../queue/bodies/bodies.ts'
import { MemoryBlobStore } from '../../queue/bodies/memory-blob-store.ts'
import { Catalogue } from '../../tools/catalogue.ts'
import type { Json } from '../../tools/tool.ts'
import { QuickClock } from '../ownership/quick-clock.fixture.ts'
import type { Evaluate } from '../ports.ts'
import { MemoryWorkflowStore } from '../store/memory-workflow-store.ts'
import { Workflows, type WorkflowsInit } from '../workflows.ts'
import { anyTool, TestTasks } from './test-tasks.fixture.ts'

export const TOOLS = new Catalogue(
  ['work', 'fetch', 'undo', 'impure'].map(name => anyTool(name, name === 'impure' ? 'once' : 'pure')),
)

/** What outlives an engine. */
export interface World {
  clock: QuickClock
  store: MemoryWorkflowStore
  tasks: TestTasks
  bodies: Bodies
}

export function newWorld(): World {
  const clock = new QuickClock()
  const store = new MemoryWorkflowStore({ clock })
  return {
    clock,
    store,
    tasks: new TestTasks(clock, id => store.fenceOf(id)),
    bodies: new Bodies({ store: new MemoryBlobStore(), logger: silentLogger }),
  }
}

let engines = 0

/** Workflows of one run of a node. */
export function workflowsOf(
  world: Omit<World, 'clock'> & { clock: Clock },
  init: Partial<WorkflowsInit> = {},
): Workflows {
  engines += 1
  const { clock, store, tasks, bodies } = world
  return new Workflows({
    clock,
    store,
    tasks,
    bodies,
    tools: TOOLS,
    evaluate: evaluateHere,
    mayRun: () => undefined,
    paramsOf: async () => undefined,
    ownerId: 'owner-peer-id',
    engineId: `engine-${engines}`,
    logger: silentLogger,
    random: Math.random,
    ...init,
  })
}

/** JSONata in this thread. */
export const evaluateHere: Evaluate = async (expression, data) => {
  try {
    const result: unknown = await jsonata(expression).evaluate(data)
    return result === undefined ? null : (JSON.parse(JSON.stringify(result)) as Json)
  } catch (error) {
    throw new InvalidInputError('/query', expression, String(Object(error).message ?? error))
  }
}
