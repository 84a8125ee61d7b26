import fc from 'fast-check'
import { expect, it } from 'vitest'
import { closeMatch } from './close-match.ts'

const NAMES = ['http.port', 'http.host', 'dataDir', 'listing', 'queue.lease']

it.each([
  ['http.prot', 'http.port'],
  ['HTTP_PORT', 'http.port'],
  ['http-hosts', 'http.host'],
  ['data_dir', 'dataDir'],
  ['datadri', 'dataDir'],
  ['queue.leese', 'queue.lease'],
])('takes %s for %s', (given, meant) => {
  expect(closeMatch(given, NAMES)).toBe(meant)
})

it('suggests nothing for what is like no name', () => {
  expect(closeMatch('colour', NAMES)).toBeUndefined()
  expect(closeMatch('x', [])).toBeUndefined()
})

it('finds a name with one letter left out, added or swapped', () => {
  const misspelled = fc
    .tuple(fc.constantFrom(...NAMES), fc.nat(4), fc.constantFrom('drop', 'add', 'swap'))
    .map(([name, at, how]) => {
      if (how === 'drop') return [name, name.slice(0, at) + name.slice(at + 1)] as const
      if (how === 'add') return [name, `${name.slice(0, at)}q${name.slice(at)}`] as const
      return [name, name.slice(0, at) + name.charAt(at + 1) + name.charAt(at) + name.slice(at + 2)] as const
    })
  fc.assert(fc.property(misspelled, ([name, given]) => closeMatch(given, NAMES) === name))
})
