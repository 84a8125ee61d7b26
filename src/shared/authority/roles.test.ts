import { describe, expect, it } from 'vitest'
import type { Principal, Role } from './principal.ts'
import { CATALOGUE_TOOL_ROLE, METHOD_ROLES, permits, requireRole, roleOf } from './roles.ts'

function principal(...roles: Role[]): Principal {
  return { id: 'peer:x', roles: new Set(roles) }
}

describe('roles', () => {
  it('let admin do everything, and somebody without a role only what anyone may', () => {
    for (const [name, need] of Object.entries(METHOD_ROLES)) {
      expect([name, permits(principal('admin'), need)]).toEqual([name, true])
      expect([name, permits(principal(), need)]).toEqual([name, need === 'any'])
    }
  })

  it('take any one of several', () => {
    expect(permits(principal('submit'), ['read', 'submit'])).toBe(true)
    expect(permits(principal('work'), ['read', 'submit'])).toBe(false)
  })

  it('let a worker announce, claim and complete, and of the tools call only those that speak for it', () => {
    const worker = principal('work')
    const may = Object.entries(METHOD_ROLES).filter(([, need]) => need !== 'any' && permits(worker, need))
    expect(may.map(([name]) => name)).toEqual([
      'tools/call',
      'toolmesh/announce',
      'toolmesh/claim',
      'toolmesh/complete',
      'toolmesh/heartbeat',
      'toolmesh/peers',
      'p2p_taskqueue_announce',
      'p2p_taskqueue_heartbeat',
      'p2p_peer_register',
    ])
    expect(permits(worker, CATALOGUE_TOOL_ROLE)).toBe(false)
  })

  it('let nobody but an admin speak for the node itself, which is whom a request without a session speaks for', () => {
    const token: Principal = { id: 'token:x', roles: new Set<Role>(['work', 'read', 'submit']) }
    const need = METHOD_ROLES.p2p_taskqueue_announce
    expect(permits(token, need)).toBe(false)
    expect(() => requireRole(token, need, 'p2p_taskqueue_announce')).toThrow('needs the role admin')
    expect(() => requireRole(principal('submit'), need, 'p2p_taskqueue_announce')).toThrow('the role work')
    expect(permits({ id: 'local', roles: new Set<Role>(['admin']) }, need)).toBe(true)
  })

  it('refuse with the role that is missing', () => {
    expect(() => requireRole(principal('read'), 'admin', 'p2p_invite_create')).toThrow(
      'p2p_invite_create needs the role admin',
    )
    expect(() => requireRole(principal(), ['read', 'submit'])).toThrow('this needs the role read or submit')
    requireRole(principal('read'), ['read', 'submit'])
  })

  it('know no name that is not in the table', () => {
    expect(roleOf('tools/list')).toEqual(['read', 'submit'])
    expect(roleOf('text_chunk')).toBeUndefined()
    expect(roleOf('toString')).toBeUndefined()
  })
})
