import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.ts'
import type { MeshHost } from './host-contract.ts'
import { openSession, tcpHost } from './mesh-pair.fixture.ts'
import { type McpSide, mcpSide, sessionAndRawPeer, type ToolFn } from './session.fixture.ts'
import type { Session } from './session-contract.ts'

const hosts: MeshHost[] = []

afterEach(async () => {
  await Promise.all(hosts.splice(0).map(made => made.close()))
})

const signal = () => AbortSignal.timeout(20_000)
const answers: ToolFn = async () => ({ ok: true })

interface Ends {
  dialled: Session
  accepted: Session
  left: McpSide
  right: McpSide
}

async function ends(tool: ToolFn = answers): Promise<Ends> {
  const pair = [await tcpHost(), await tcpHost()] as const
  hosts.push(...pair)
  const { dialled, accepted } = await openSession(...pair)
  const [left, right] = await Promise.all([
    mcpSide(dialled, 'left', answers),
    mcpSide(accepted, 'right', tool),
  ])
  return { dialled, accepted, left, right }
}

describe('a session that nobody uses', () => {
  it('ends on both sides when one asks for it', async () => {
    const { dialled, accepted } = await ends()
    expect(await dialled.retire(signal())).toBe(true)
    expect((await dialled.closed).code).toBe('idle')
    expect(['idle', 'closed']).toContain((await accepted.closed).code)
  })

  it('goes on while the peer holds it, or a request is under way in either direction', async () => {
    const running = Promise.withResolvers<void>()
    const end = Promise.withResolvers<void>()
    const { dialled, accepted, left } = await ends(async () => {
      running.resolve()
      await end.promise
      return { ok: true }
    })
    const release = accepted.hold()
    expect(await dialled.retire(signal())).toBe(false)
    release()
    const call = left.client.callTool({ name: 'slow' })
    await running.promise
    expect(await dialled.retire(signal())).toBe(false)
    expect(await accepted.retire(signal())).toBe(false)
    end.resolve()
    expect((await call).structuredContent).toEqual({ ok: true })
    expect(await accepted.retire(signal())).toBe(true)
  })

  it('loses no request that is made while it ends: it is answered, or was never sent', async () => {
    for (let round = 0; round < 20; round += 1) {
      let ran = 0
      const { dialled, accepted, left, right } = await ends(async () => {
        ran += 1
        return { ok: true }
      })
      const asking = round % 2 === 0 ? dialled.retire(signal()) : accepted.retire(signal())
      const call = left.client.callTool({ name: 'now' })
      const back = right.client.callTool({ name: 'now' })
      const [retired, answer] = await Promise.all([
        asking,
        call.then(
          () => 'answered',
          () => 'not sent',
        ),
        back.catch(() => {}),
      ])
      expect(answer).toBe(ran === 1 ? 'answered' : 'not sent')
      if (retired) expect(ran).toBe(0)
    }
  })

  it('knows for how long: what peers say by themselves is no use', async () => {
    const clock = new ManualClock()
    const { session, raw } = await sessionAndRawPeer({ clock })
    await clock.advance(1000)
    expect(session.idleMs()).toBe(1000)
    raw.send({ jsonrpc: '2.0', id: 'm:1', method: 'ping' })
    await raw.until(message => message.id === 'm:1')
    expect(session.idleMs()).toBe(1000)
    raw.send({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: 'x', progress: 1 },
    })
    raw.send({ jsonrpc: '2.0', id: 'm:2', method: 'ping' })
    await raw.until(message => message.id === 'm:2')
    expect(session.idleMs()).toBe(0)
    const release = session.hold()
    await clock.advance(1000)
    expect(session.idleMs()).toBe(0)
    release()
    await clock.advance(10)
    expect(session.idleMs()).toBe(10)
    await session.close()
    expect(() => session.hold()).toThrow(expect.objectContaining({ code: 'unavailable' }))
  })
})
