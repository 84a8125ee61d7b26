import { expect, it } from 'vitest'
import type { WorkflowDefinition } from './definition/definition.ts'
import { newWorld, type World, workflowsOf } from './engine/workflows.fixture.ts'
import { Process } from './ownership/process.fixture.ts'
import type { Workflows } from './workflows.ts'

const LIMIT_MS = 20_000
const task = { id: 'a', tool: 'work', params: {} }
const child = { id: 'in', workflow: { name: 'in', steps: [task] } }
const items = { items: [1, 2, 3, 4], concurrency: 2 }

const bodies: Record<string, WorkflowDefinition['steps'][number]> = {
  task,
  items: { ...task, for_each: items },
  child,
  children: { ...child, for_each: items },
}

interface Ending {
  made: (step: WorkflowDefinition['steps'][number]) => WorkflowDefinition
  /** What comes for it while no engine runs. */
  meanwhile?: (world: World, id: string) => Promise<unknown>
  state: string
}

const endings: Record<string, Ending> = {
  'a cancel': {
    made: step => ({ name: 'w', steps: [step] }),
    meanwhile: (world, id) => world.store.request(id, { kind: 'cancel', by: 'me', reason: 'enough' }),
    state: 'cancelled',
  },
  'the time limit of its step': {
    made: step => ({ name: 'w', steps: [{ ...step, timeout_ms: LIMIT_MS }] }),
    state: 'failed',
  },
  'its own time limit': {
    made: step => ({ name: 'w', timeout_ms: LIMIT_MS, steps: [step] }),
    state: 'failed',
  },
}

/** A run of a node that can be killed. */
async function started(world: World): Promise<{ workflows: Workflows; kill: () => void }> {
  const process = new Process(world.clock, undefined)
  const parts = { clock: process.clock, store: process.using(world.store), tasks: process.using(world.tasks) }
  const workflows = workflowsOf({ ...parts, bodies: world.bodies }, { leaseMs: 3_000 })
  await workflows.start()
  return { workflows, kill: () => process.kill() }
}

const openTasks = ({ tasks }: World) =>
  [...tasks.byKey.values()].filter(({ end }) => end === undefined).map(({ key }) => key)

/** Turns of the event loop after which a run is killed: what it wrote by then differs. */
const KILLED_AFTER = [1, 2, 3, 4, 6, 8, 12, 50]

for (const [what, { made, meanwhile, state }] of Object.entries(endings)) {
  for (const [body, step] of Object.entries(bodies)) {
    it(`${body} of a killed run are ended with the workflow, by ${what}, although no engine has known of them since`, async () => {
      for (const turns of KILLED_AFTER) {
        const world = newWorld()
        world.tasks.outcome = () => ({})
        const { workflows, kill } = await started(world)
        const { workflow_id: id } = await workflows.submit('me', { workflow: made(step) })
        for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
        if (turns === KILLED_AFTER.at(-1)) await world.clock.pass(1_000)
        kill()
        await world.clock.pass(LIMIT_MS + 5_000)
        await meanwhile?.(world, id)
        const again = await started(world)
        await world.clock.pass(2 * LIMIT_MS)
        expect((await again.workflows.head(id)).state).toBe(state)
        expect(openTasks(world)).toEqual([])
        const { workflows: children } = await world.store.list({ parent: id, order: 'oldest', limit: 9 })
        for (const each of children) expect(each.ended_at).toBeDefined()
        again.kill()
      }
    })
  }
}
