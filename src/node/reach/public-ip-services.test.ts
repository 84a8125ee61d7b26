import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../shared/clock.ts'
import { PublicIpServices } from './public-ip-services.ts'
import { publicUnicast } from './public-unicast.ts'

const closing: (() => void)[] = []

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function service(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const says = (text: string, status = 200) => service((_, response) => response.writeHead(status).end(text))
const signal = () => AbortSignal.timeout(20_000)

function asking(services: string[]): { services: PublicIpServices; clock: ManualClock } {
  const clock = new ManualClock()
  return { services: new PublicIpServices({ services, fetch, clock }), clock }
}

describe('public address services', () => {
  it('are asked only where one is named', async () => {
    expect(await asking([]).services.ask(signal())).toBeUndefined()
  })

  it.each(['5.6.7.8\n', '{"ip":"5.6.7.8"}', '2a00:1450:4001::1'])('may answer %j', async text => {
    const { services, clock } = asking([await says(text)])
    const ip = text.includes(':1450') ? text : '5.6.7.8'
    expect(await services.ask(signal())).toEqual({ ip, source: 'service', witnesses: 1, at: clock.now() })
  })

  it('are asked in turn until one says a public address', async () => {
    const gone = await service((_, response) => response.destroy())
    const wrong = ['192.168.1.1', '<html>', '{"ip":1}', '{', '', 'x'.repeat(5_000)]
    const bad = await Promise.all(wrong.map(text => says(text)))
    const moved = await service((_, response) => response.writeHead(302, { location: '/' }).end())
    const { services } = asking([gone, ...bad, await says('no', 500), moved, await says('5.6.7.8')])
    expect(await services.ask(signal())).toMatchObject({ ip: '5.6.7.8' })
  })

  it('are told each by its fault when none says one', async () => {
    const url = await says('10.0.0.1')
    await expect(asking([url]).services.ask(signal())).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`${url}: no public address: "10.0.0.1"`),
    })
  })

  it('are believed for an hour', async () => {
    let asked = 0
    const url = await service((_, response) => {
      asked += 1
      response.end('5.6.7.8')
    })
    const { services, clock } = asking([url])
    await services.ask(signal())
    await services.ask(signal())
    expect(asked).toBe(1)
    await clock.advance(3_600_001)
    await services.ask(signal())
    expect(asked).toBe(2)
  })

  it('end with the signal of who asks', async () => {
    const { services } = asking([await service(() => {})])
    await expect(services.ask(AbortSignal.timeout(50))).rejects.toBeDefined()
  })
})

it.each([
  ['8.8.8.8', true],
  ['2001:4860:4860::8888', true],
  ['0.0.0.0', false],
  ['100.64.1.1', false],
  ['203.0.113.9', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['::1', false],
  ['::ffff:8.8.8.8', false],
  ['fe80::1', false],
  ['ff02::1', false],
  ['2001:db8::1', false],
  ['example.org', false],
])('%s is an address of one host in the internet: %s', (ip, is) => {
  expect(publicUnicast(ip) !== undefined).toBe(is)
})
