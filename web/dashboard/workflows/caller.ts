import type { OverviewView } from '../../../src/shared/mcp/views.ts'

/** Who looks at the page, and what they may do. */
export type Caller = OverviewView['caller']

/** Whether the node takes workflows, signals and the like from them at all. */
export function maySubmit({ roles }: Caller): boolean {
  return roles.includes('submit') || roles.includes('admin')
}

/** Whether they may cancel it, signal it and run its steps again: their own, or any as an admin. */
export function mayChange({ principal, roles }: Caller, workflow: { principal: string }): boolean {
  return roles.includes('admin') || (principal === workflow.principal && roles.includes('submit'))
}
