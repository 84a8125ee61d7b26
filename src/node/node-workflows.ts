import type { Authority } from '../shared/authority/authority.ts'
import { ForbiddenError } from '../shared/authority/errors.ts'
import { permits, roleOf } from '../shared/authority/roles.ts'
import { type ErrorFacts, ToolmeshError } from '../shared/errors.ts'
import type { Queue } from '../shared/queue/queue.ts'
import type { WorkerPool } from '../shared/router/worker-pool.ts'
import type { Catalogue } from '../shared/tools/catalogue.ts'
import type { Json } from '../shared/tools/tool.ts'
import { Workflows, type WorkflowsInit } from '../shared/workflow/workflows.ts'
import { LOCAL } from './http/http-principal.ts'
import { evaluateInThreads } from './workflow-evaluate.ts'

export interface NodeWorkflowsInit
  extends Pick<
    WorkflowsInit,
    'store' | 'bodies' | 'cache' | 'handover' | 'ownerId' | 'limits' | 'clock' | 'logger'
  > {
  queue: Queue
  catalogue: Catalogue
  threads: Pick<WorkerPool, 'run'>
  authority: Pick<Authority, 'principalOfId'>
}

/** The workflows of a node: their steps are tasks of its queue, their expressions run in its worker threads. */
export function nodeWorkflows({
  queue,
  catalogue,
  threads,
  authority,
  ...init
}: NodeWorkflowsInit): Workflows {
  return new Workflows({
    ...init,
    tasks: queue.steps,
    tools: catalogue,
    evaluate: evaluateInThreads(threads, catalogue),
    mayRun: id => whyNot(authority, id),
    paramsOf: id => paramsOf(queue, id),
    engineId: crypto.randomUUID(),
    random: Math.random,
  })
}

/** A workflow runs in its principal's name, and only while that one may submit, as the ticks of a schedule do. */
function whyNot(authority: Pick<Authority, 'principalOfId'>, id: string): ErrorFacts | undefined {
  const principal = id === LOCAL.id ? LOCAL : authority.principalOfId(id)
  if (principal !== undefined && permits(principal, roleOf('p2p_workflow_submit') ?? 'admin'))
    return undefined
  return new ForbiddenError(`${id} may run no workflows (any more)`).toFacts()
}

async function paramsOf(queue: Queue, taskId: string): Promise<Json | undefined> {
  try {
    return await queue.params(taskId)
  } catch (error) {
    if (error instanceof ToolmeshError && error.code === 'not_found') return undefined
    throw error
  }
}
