/** Two nodes behind routers that translate addresses, and a relay outside. */
import { expect, test } from 'playwright/test'
import { Measured } from '../chaos/measured.ts'
import { callTool, until } from '../node-process.ts'
import { runTasks, untilPeer } from './inside.ts'
import { meet } from './meeting.ts'
import { namespacesRefused } from './namespaces.ts'
import type { NatKind } from './two-nats.ts'

interface PublicIp {
  nat: string
  ip?: string
  public_ips: { ip: string; source: string }[]
  relays: { peer_id: string }[]
}

test.beforeAll(async () => {
  const refused = await namespacesRefused()
  test.skip(refused !== undefined, refused)
})

const worlds: { left: NatKind; right: NatKind; direct: boolean }[] = [
  { left: 'cone', right: 'cone', direct: true },
  { left: 'cone', right: 'symmetric', direct: false },
  { left: 'symmetric', right: 'symmetric', direct: false },
]

for (const { left, right, direct } of worlds) {
  test(`${left} and ${right}: they meet through the relay, ${direct ? 'get a direct path' : 'stay there'}, and tasks run`, async () => {
    const measured = new Measured(`nat: ${left} and ${right}`)
    const meeting = await meet({ left, right })
    const { client, rightId } = meeting
    const isRight = ({ peer_id }: { peer_id: string }) => peer_id === rightId
    try {
      measured.row('met after the start of the second', `${meeting.metAfterMs} ms`)
      measured.row('50 tasks', `${await runTasks(client, rightId, 50)} ms`)
      if (direct) {
        const { ms } = await untilPeer(
          'a direct path',
          client,
          peer => isRight(peer) && peer.path === 'webrtc',
          30_000,
        )
        measured.row('direct after', `${ms} ms more`)
        await meeting.stopRelay()
        measured.row('50 tasks without the relay', `${await runTasks(client, rightId, 50)} ms`)
      } else {
        await new Promise(resolve => setTimeout(resolve, 15_000))
        const { peer } = await untilPeer('right', client, isRight)
        expect(peer).toMatchObject({ connected: true, path: 'relay' })
        measured.row('50 tasks by the relay', `${await runTasks(client, rightId, 50)} ms`)
      }
    } finally {
      measured.print()
      await meeting.close()
    }
  })
}

test('a node behind a router knows the address that others see, that nobody comes in there, and its relay', async () => {
  const meeting = await meet({ left: 'cone', right: 'cone' })
  try {
    const found = await until('peers to have told', async () => {
      const said = await callTool<PublicIp>(meeting.client, 'p2p_peer_get_public_ip', { refresh: true })
      return said.nat === 'unknown' ? undefined : said
    })
    expect(found).toMatchObject({ nat: 'private', ip: '5.0.0.20' })
    expect(found.public_ips.map(({ source }) => source)).toEqual(expect.arrayContaining(['observed', 'stun']))
    expect(found.relays).toHaveLength(1)
  } finally {
    await meeting.close()
  }
})

test('the relay goes and comes back: the session through it is made again, and no task is lost', async () => {
  const measured = new Measured('nat: symmetric, the relay is started again')
  const meeting = await meet({ left: 'symmetric', right: 'symmetric' })
  const { client, rightId } = meeting
  try {
    const tasks = runTasks(client, rightId, 200)
    const start = await meeting.stopRelay()
    await start()
    const began = performance.now()
    await untilPeer('right again', client, peer => peer.peer_id === rightId && peer.connected, 90_000)
    measured.row('together again after', `${Math.round(performance.now() - began)} ms`)
    measured.row('200 tasks over it', `${await tasks} ms`)
  } finally {
    measured.print()
    await meeting.close()
  }
})
