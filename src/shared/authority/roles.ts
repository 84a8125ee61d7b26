import { ForbiddenError } from './errors.ts'
import { type Principal, peerIdOf, type Role } from './principal.ts'

/** What a caller needs: nothing, one role, or any one of several. `admin` always does. */
export type RoleNeed = 'any' | Role | readonly Role[] | SpeakerNeed

/** For what speaks for a worker: over its session a peer speaks for itself, everyone else for this node. */
export interface SpeakerNeed {
  readonly peer: Role
  readonly others: Role
}

const FOR_A_WORKER: SpeakerNeed = { peer: 'work', others: 'admin' }

/** What a tool of the catalogue needs; only the node's own tools are in the table. */
export const CATALOGUE_TOOL_ROLE: Role = 'submit'

/**
 * Every JSON-RPC method and every tool that the node itself answers, with what a caller needs for it.
 * What is not here and is no catalogue tool is refused. `read` sees everything, `submit` its own, so what
 * shows something takes either, and narrows its answer to the principal's own where it has only `submit`.
 */
export const METHOD_ROLES = {
  initialize: 'any',
  ping: 'any',
  'notifications/initialized': 'any',
  'notifications/cancelled': 'any',
  'notifications/progress': 'any',
  'notifications/roots/list_changed': 'any',
  'notifications/toolmesh/credit': 'any',
  'notifications/toolmesh/move': 'any',
  'notifications/toolmesh/moved': 'any',
  'notifications/toolmesh/progress': 'any',
  'notifications/toolmesh/work': 'any',
  'notifications/toolmesh/draining': 'any',
  'toolmesh/redeem': 'any',

  'logging/setLevel': ['read', 'submit'],
  'tools/list': ['read', 'submit'],
  // Each tool has its own need; a worker finds those that speak for it.
  'tools/call': ['read', 'submit', 'work'],
  'resources/list': ['read', 'submit'],
  'resources/templates/list': ['read', 'submit'],
  'resources/read': ['read', 'submit'],
  'resources/subscribe': ['read', 'submit'],
  'resources/unsubscribe': ['read', 'submit'],

  'toolmesh/announce': 'work',
  'toolmesh/claim': 'work',
  'toolmesh/complete': 'work',
  'toolmesh/heartbeat': 'work',
  'toolmesh/adopt': 'submit',
  'toolmesh/run': 'submit',
  'toolmesh/cancel': 'submit',
  'toolmesh/renew': 'submit',
  'toolmesh/settled': 'submit',
  'toolmesh/peers': ['read', 'submit', 'work'],

  tools_list_categories: ['read', 'submit'],
  tools_list_tools: ['read', 'submit'],
  tools_get_schema: ['read', 'submit'],
  tools_search: ['read', 'submit'],
  tools_dispatch: ['read', 'submit'],

  p2p_taskqueue_status: 'read',
  p2p_taskqueue_submit: 'submit',
  p2p_taskqueue_cancel: 'submit',
  p2p_taskqueue_get_result: ['read', 'submit'],
  p2p_taskqueue_list_tasks: ['read', 'submit'],
  p2p_taskqueue_update_task: 'submit',
  p2p_taskqueue_task_status: ['read', 'submit'],
  p2p_taskqueue_resubmit: 'submit',
  p2p_taskqueue_priority: 'submit',
  p2p_taskqueue_worker_stats: 'read',
  p2p_taskqueue_discover_peers: 'read',
  p2p_taskqueue_announce: FOR_A_WORKER,
  p2p_taskqueue_heartbeat: FOR_A_WORKER,
  p2p_taskqueue_shutdown: 'admin',
  p2p_taskqueue_pause: 'admin',
  p2p_taskqueue_resume: 'admin',
  p2p_taskqueue_schedule: 'submit',
  p2p_taskqueue_schedules: ['read', 'submit'],

  p2p_workflow_submit: 'submit',
  p2p_workflow_status: ['read', 'submit'],
  p2p_workflow_cancel: 'submit',
  p2p_workflow_list: ['read', 'submit'],
  p2p_workflow_get_dag: ['read', 'submit'],
  p2p_workflow_coordinate: ['read', 'submit'],
  p2p_workflow_result: ['read', 'submit'],
  p2p_workflow_reschedule: 'submit',
  p2p_workflow_signal: 'submit',
  p2p_workflow_define: 'submit',
  p2p_workflow_definitions: ['read', 'submit'],

  p2p_invite_create: 'admin',
  p2p_invite_list: 'admin',
  p2p_invite_revoke: 'admin',
  p2p_token_create: 'admin',
  p2p_token_list: 'admin',
  p2p_token_revoke: 'admin',
  p2p_peer_list: 'read',
  p2p_peer_discover: 'read',
  p2p_peer_register: FOR_A_WORKER,
  p2p_peer_bootstrap: 'admin',
  p2p_peer_connect: 'admin',
  p2p_peer_disconnect: 'admin',
  // Beside it the caller needs what the called tool needs here, and this node what it needs there.
  p2p_peer_call_tool: 'submit',
  p2p_peer_metrics: 'read',
  p2p_peer_get_public_ip: 'read',
  p2p_peer_cleanup: 'admin',
  // It dials whatever address it is given.
  p2p_peer_diagnose: 'admin',

  p2p_bootstrap_from_file: 'admin',
  p2p_bootstrap_from_env: 'admin',
  p2p_bootstrap_from_public: 'admin',
  p2p_bootstrap_list: 'admin',

  // One cache for all who work with the node: what one of them puts there is meant for the others.
  p2p_cache_get: ['read', 'submit'],
  p2p_cache_has: ['read', 'submit'],
  p2p_cache_set: 'submit',
  p2p_cache_delete: 'submit',
  p2p_cache_stats: ['read', 'submit'],
} as const satisfies Record<string, RoleNeed>

/** What the table says of a method or of one of the node's own tools; undefined for a name it does not hold. */
export function roleOf(name: string): RoleNeed | undefined {
  const table: Record<string, RoleNeed> = METHOD_ROLES
  return Object.hasOwn(table, name) ? table[name] : undefined
}

/** Whether the principal may do what needs this. */
export function permits(principal: Principal, need: RoleNeed): boolean {
  if (need === 'any' || principal.roles.has('admin')) return true
  return rolesFor(principal, need).some(role => principal.roles.has(role))
}

/** Throws `forbidden` unless the principal may; `what` names the thing asked for. */
export function requireRole(principal: Principal, need: RoleNeed, what = 'this'): void {
  if (need === 'any' || permits(principal, need)) return
  const roles = rolesFor(principal, need).join(' or ')
  throw new ForbiddenError(`${what} needs the role ${roles}`, roles)
}

/** The roles any of which does for this principal. */
function rolesFor(principal: Principal, need: Exclude<RoleNeed, 'any'>): readonly Role[] {
  if (typeof need === 'string') return [need]
  if (!('peer' in need)) return need
  return [peerIdOf(principal) === undefined ? need.others : need.peer]
}
