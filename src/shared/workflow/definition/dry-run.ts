import type { DryRun } from '../status.ts'
import { criticalPath, orderOf, stepsBefore } from './critical-path.ts'
import type { Plan } from './plan.ts'

/** What would run. */
export function dryRun(plan: Plan): DryRun {
  const before = stepsBefore(plan)
  return {
    name: plan.definition.name,
    definition_cid: plan.cid,
    steps: plan.steps.map(({ index, id, work, dependencies }) => ({
      id,
      kind: work.kind,
      ...(work.kind === 'task' ? { tool: work.tool.name } : {}),
      depends_on: dependencies.flatMap(on => plan.steps[on]?.id ?? []),
      after: before[index] ?? 0,
    })),
    critical_path: criticalPath(plan).steps.map(step => step.id),
    order: orderOf(plan).map(step => step.id),
  }
}
