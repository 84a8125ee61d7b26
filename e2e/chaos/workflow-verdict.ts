/** What must hold of workflows after every disaster. */

import { isDeepStrictEqual } from 'node:util'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { expect } from 'playwright/test'
import { callTool, connectClient } from '../node-process.ts'
import type { Graph } from './graph.ts'
import type { Measured } from './measured.ts'
import { allEvents, counts, type TaskEvent, TERMINAL } from './task-history.ts'
import { ENDED, outcomeOf, type WorkflowEvent, workflowEvents, workflowStatus } from './workflow-history.ts'

export interface Submitted extends Graph {
  workflow_id: string
}

/**
 * Each workflow ended with what its graph gives when it is computed plainly; each step and item ended once, as it should; and
 * the queue has one task for each step or item that had to run, with one start that was committed. Nothing else may be on the node.
 */
export async function expectWorkflowsRight(
  node: { origin: string },
  submitted: readonly Submitted[],
  measured: Measured,
): Promise<void> {
  expect(new Set(submitted.map(({ workflow_id }) => workflow_id)).size, 'one for each').toBe(submitted.length)
  const client = await connectClient(node)
  const wrong: string[] = []
  const tasks = new Set<string>()
  let events = 0
  for (const workflow of submitted) {
    const outcome = await outcomeOf(client, workflow.workflow_id)
    const say = (what: string) => wrong.push(`${workflow.name} (${workflow.workflow_id}): ${what}`)
    if (outcome.state !== 'succeeded') say(JSON.stringify(outcome))
    else if (!isDeepStrictEqual(outcome.result, workflow.expected)) say('another result')
    const { steps } = await workflowStatus(client, workflow.workflow_id)
    const states = Object.fromEntries(steps.map(({ id, state }) => [id, state]))
    if (!isDeepStrictEqual(states, workflow.states)) say(JSON.stringify(states))
    const history = await workflowEvents(client, workflow.workflow_id)
    events += history.length
    for (const what of faultsIn(history, workflow)) say(what)
    for (const child of await childrenOf(client, workflow.workflow_id)) {
      if (!ENDED.has(child.state)) say(`its child ${child.workflow_id} is ${child.state}`)
      history.push(...(await workflowEvents(client, child.workflow_id)))
    }
    for (const what of takeTasks(history, tasks)) say(what)
  }
  expect(wrong.slice(0, 5), `${wrong.length} faults of workflows`).toEqual([])
  await expectTasksRanOnce(client, tasks, measured)
  await client.close()
  measured.row('workflows, each with the right result', submitted.length)
  measured.row('their events', events)
}

/** The tasks of the node are these and no other, and each ended once. */
async function expectTasksRanOnce(client: Client, tasks: Set<string>, measured: Measured): Promise<void> {
  const wrong: string[] = []
  const journal = await allEvents(client)
  expect(
    journal.findIndex(({ seq }, n) => seq !== n + 1),
    'a position of the journal that is missing',
  ).toBe(-1)
  const ends = new Map<string, TaskEvent>()
  const starts: string[] = []
  for (const event of journal) {
    const { task_id, state, seq } = event
    if (ends.has(task_id)) wrong.push(`${task_id} had ended, and is ${state} at ${seq}`)
    if (TERMINAL.has(state)) ends.set(task_id, event)
    if (state === 'running') starts.push(task_id)
    if (!tasks.has(task_id)) wrong.push(`${task_id} is the task of no step`)
  }
  for (const id of tasks) if (!ends.has(id)) wrong.push(`${id} has not ended`)
  expect(wrong.slice(0, 5), `${wrong.length} faults of tasks`).toEqual([])
  const all = Object.values(await counts(client)).reduce((sum, count) => sum + count, 0)
  expect(all, 'tasks that the node counts: one for each step and item').toBe(tasks.size)
  measured.row('tasks, one for each step and item, each ended once', tasks.size)
  measured.row('attempts beyond the first of each', starts.length - new Set(starts).size)
}

/** What is wrong with the history of a workflow in which every step was run in one generation. */
function faultsIn(history: readonly WorkflowEvent[], { states, items }: Graph): string[] {
  const wrong: string[] = []
  const ends = new Map<string, string>()
  for (const [at, { seq, kind, step = '', item, state = '' }] of history.entries()) {
    if (seq !== at + 1) wrong.push(`event ${at + 1} is ${seq}`)
    if (kind !== 'item_ended' && kind !== 'step_ended') continue
    const key = kind === 'item_ended' ? `${step}/${item}` : step
    if (ends.has(key)) wrong.push(`${key} ended twice`)
    ends.set(key, state)
  }
  for (const [step, count] of Object.entries(items))
    for (let item = 0; item < count; item++)
      if (ends.get(`${step}/${item}`) !== 'succeeded')
        wrong.push(`${step}/${item} ${ends.get(`${step}/${item}`)}`)
  for (const step of Object.keys(states)) if (!ends.has(step)) wrong.push(`${step} has no end`)
  const expected = Object.keys(states).length + Object.values(items).reduce((sum, count) => sum + count, 0)
  if (ends.size !== expected) wrong.push(`${ends.size} ends, not ${expected}`)
  const last = history.at(-1)
  if (last?.kind !== 'ended' || !ENDED.has(last.state ?? '')) wrong.push('its end is not the last event')
  if (history.filter(({ kind }) => kind === 'ended').length !== 1) wrong.push('it has not one end')
  return wrong.slice(0, 5)
}

/** Adds the tasks of each step and item; gives what is wrong with them. */
function takeTasks(history: readonly WorkflowEvent[], tasks: Set<string>): string[] {
  const found = new Map<string, Set<string>>()
  let workflow = 0
  for (const { seq, kind, step = '', item, generation, task_id } of history) {
    if (seq === 1) workflow += 1
    if (task_id === undefined) continue
    const what = kind === 'compensation_started' ? '!' : (item ?? '-')
    const key = `${workflow}/${step}/${generation}/${what}`
    found.set(key, (found.get(key) ?? new Set()).add(task_id))
  }
  const wrong: string[] = []
  for (const [key, ids] of found) {
    if (ids.size > 1) wrong.push(`${key} had the tasks ${[...ids]}`)
    for (const id of ids) {
      if (tasks.has(id)) wrong.push(`${id} is a task of ${key} and of another step`)
      tasks.add(id)
    }
  }
  return wrong
}

interface Child {
  workflow_id: string
  state: string
}

async function childrenOf(client: Client, parent: string): Promise<Child[]> {
  const { workflows } = await callTool<{ workflows: Child[] }>(client, 'p2p_workflow_list', {
    parent,
    limit: 200,
  })
  return workflows
}
