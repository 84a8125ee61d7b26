import { describe, expect, it } from 'vitest'
import { connectRequest, judgeConnect } from './connect-request.ts'
import type { Fields } from './qpack.ts'

const request = connectRequest('127.0.0.1:4433')
const but = (name: string, value: string): Fields =>
  request.map(field => (field[0] === name ? [name, value] : field))
const statusOf = (fields: Fields) => judgeConnect(fields).status

describe('the request for a session', () => {
  it('is taken as browsers and our own dialler make it', () => {
    expect(statusOf(request)).toBe(200)
    expect(statusOf([...request, ['origin', 'https://app.example.org:8443']])).toBe(200)
    expect(statusOf([...request, ['origin', 'null']])).toBe(200)
    expect(statusOf(but(':authority', '[::1]:4433'))).toBe(200)
  })

  it('is refused with what is wrong with it', () => {
    expect(statusOf(but(':method', 'GET'))).toBe(405)
    expect(statusOf(but(':protocol', 'websocket'))).toBe(501)
    expect(statusOf(but(':scheme', 'http'))).toBe(400)
    for (const authority of ['', 'user@host', 'a b', 'a/b', 'a'.repeat(300)])
      expect(statusOf(but(':authority', authority))).toBe(400)
    for (const path of ['/', '/.well-known/libp2p-webtransport', '/.well-known/libp2p-webtransport?type=tls'])
      expect(statusOf(but(':path', path))).toBe(404)
    for (const origin of [
      'https://a.example/path',
      'a',
      '',
      'https://user@a.example',
      `https://${'a'.repeat(600)}`,
    ])
      expect(statusOf([...request, ['origin', origin]])).toBe(403)
    expect(statusOf([...request, ['origin', 'null'], ['origin', 'null']])).toBe(403)
  })

  it('is malformed where a pseudo-header comes twice, late, or is unknown, and where a name is not in lower case', () => {
    expect(statusOf([...request, [':path', '/']])).toBe(400)
    expect(statusOf([['accept', '*/*'], ...request])).toBe(400)
    expect(statusOf([[':status', '200'], ...request])).toBe(400)
    expect(statusOf([...request, ['Origin', 'null']])).toBe(400)
    expect(statusOf(request.slice(1))).toBe(405)
  })
})
