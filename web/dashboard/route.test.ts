import { describe, expect, it } from 'vitest'
import { accessIn } from '../feed/access.ts'
import { hashOf, type Route, routeOf } from './route.ts'

const ROUTES: [string, Route][] = [
  ['#/', { page: 'overview' }],
  ['#/peers', { page: 'peers' }],
  ['#/peers/12D3KooW', { page: 'peer', id: '12D3KooW' }],
  ['#/workflows', { page: 'workflows' }],
  ['#/workflows?state=failed', { page: 'workflows', state: 'failed' }],
  ['#/workflows/abcdefgh-0190', { page: 'workflow', id: 'abcdefgh-0190' }],
  ['#/workflows/a%2Fb/steps/sum', { page: 'workflow', id: 'a/b', step: 'sum' }],
]

describe('a route', () => {
  it.each(ROUTES)('%s is read and written', (hash, route) => {
    expect(routeOf(hash)).toEqual(route)
    expect(hashOf(route)).toBe(hash)
  })

  it.each(['', '#', '#/elsewhere', '#workflows'])('"%s" is the overview', hash => {
    expect(routeOf(hash)).toEqual({ page: 'overview' })
  })

  it('bears a broken escape, an empty id and an empty step', () => {
    expect(routeOf('#/workflows/%E0%A4')).toEqual({ page: 'workflow', id: '%E0%A4' })
    expect(routeOf('#/workflows/')).toEqual({ page: 'workflows' })
    expect(routeOf('#/workflows/x/steps/')).toEqual({ page: 'workflow', id: 'x' })
  })

  it('is never taken for a secret to sign in with', () => {
    const id = 'abcdefgh-01930b1c-aaaa-7bbb-8ccc-0123456789ab'
    expect(accessIn(hashOf({ page: 'workflow', id, step: 'a'.repeat(22) }))).toBeUndefined()
    expect(accessIn(hashOf({ page: 'workflows', state: 'failed' }))).toBeUndefined()
  })
})
