import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerStun, mappedAddress, stunRequest } from './stun-message.ts'

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], pair => Number.parseInt(pair, 16))

describe('STUN', () => {
  it('says the address of RFC 5769, section 2.2, as its answer has it', () => {
    const transaction = bytes('b7e7a701bc34d686fa87dfae')
    const answer = answerStun(stunRequest(transaction), { address: '192.0.2.1', port: 32_853 })
    expect(answer).toEqual(bytes('0101000c2112a442b7e7a701bc34d686fa87dfae002000080001a147e112a643'))
  })

  it('says the IPv6 address of RFC 5769, section 2.3, as its answer has it', () => {
    const transaction = bytes('b7e7a701bc34d686fa87dfae')
    const from = { address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32_853 }
    const answer = answerStun(stunRequest(transaction), from)
    expect(answer?.slice(20)).toEqual(bytes('002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9'))
    expect(mappedAddress(answer ?? bytes(''), stunRequest(transaction))).toEqual(from)
  })

  it('reads of an answer what was written, and only of its own', () => {
    const port = fc.integer({ min: 1, max: 65_535 })
    const id = fc.uint8Array({ minLength: 12, maxLength: 12 })
    fc.assert(
      fc.property(id, id, fc.oneof(fc.ipV4(), fc.ipV6()), port, (one, other, text, at) => {
        const address = text.includes(':') ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text
        const answer = answerStun(stunRequest(one), { address: text, port: at }) ?? bytes('')
        expect(mappedAddress(answer, stunRequest(one))).toEqual({ address, port: at })
        if (String(one) !== String(other)) expect(mappedAddress(answer, stunRequest(other))).toBeUndefined()
      }),
    )
  })

  it('answers 420 to what it must understand and does not', () => {
    const request = bytes('000100082112a442b7e7a701bc34d686fa87dfae0003000400000006')
    const answer = answerStun(request, { address: '192.0.2.1', port: 1 })
    expect(answer?.slice(0, 2)).toEqual(bytes('0111'))
    expect(answer?.slice(20)).toEqual(bytes('0009000400000414000a000200030000'))
  })

  it('answers nothing to anything else, of whatever bytes', () => {
    const from = { address: '192.0.2.1', port: 1 }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), data => answerStun(data, from) === undefined))
    expect(answerStun(stunRequest(new Uint8Array(12)).slice(0, 19), from)).toBeUndefined()
    const long = new Uint8Array(600)
    long.set(stunRequest(new Uint8Array(12)))
    new DataView(long.buffer).setUint16(2, 580)
    expect(answerStun(long, from)).toBeUndefined()
  })

  it('is never much longer than the question', () => {
    const request = stunRequest(new Uint8Array(12))
    const answer = answerStun(request, { address: '2001:db8::1', port: 1 })
    expect(answer?.length).toBe(44)
  })
})
