import { describe, expect, it } from 'vitest'
import type { Principal, Role } from './principal.ts'
import { METHOD_ROLES, permits, requireRole, roleOf } from './roles.ts'

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

  it('let a worker announce, claim and complete, and neither call nor read', () => {
    const worker = principal('work')
    const may = Object.entries(METHOD_ROLES).filter(([, need]) => need !== 'any' && permits(worker, need))
    expect(may.map(([name]) => name)).toEqual(['toolmesh/announce', 'toolmesh/claim', 'toolmesh/complete'])
  })

  it('refuse with the role that is missing', () => {
    expect(() => requireRole(principal('read'), 'admin', 'p2p_invite_create')).toThrow(
      'p2p_invite_create needs the role admin',
    )
    expect(() => requireRole(principal(), ['read', 'submit'])).toThrow('this needs the role read or submit')
    requireRole(principal('read'), ['read', 'submit'])
  })

  it('know no name that is not in the table', () => {
    expect(roleOf('tools/call')).toEqual(['read', 'submit'])
    expect(roleOf('text_chunk')).toBeUndefined()
    expect(roleOf('toString')).toBeUndefined()
  })
})
