/** A home is cut off from the rest for a while. */
import { expect, test } from 'playwright/test'
import { Measured } from '../chaos/measured.ts'
import { callTool } from '../node-process.ts'
import { untilPeer } from './inside.ts'
import { meet } from './meeting.ts'
import { namespacesRefused } from './namespaces.ts'

const TASKS = 400
const CUT_MS = 45_000

interface Status {
  state: string
  attempts: { state: string; fence: number }[]
}

test('a partition heals: every task ends with one committed attempt', async () => {
  const refused = await namespacesRefused()
  test.skip(refused !== undefined, refused)
  const measured = new Measured(
    `partition: ${CUT_MS / 1000} s without a packet, in the middle of ${TASKS} tasks`,
  )
  const { net, client, rightId, close } = await meet({ left: 'cone', right: 'cone' })
  try {
    const tasks = Array.from({ length: TASKS }, (_, n) => ({
      tool: 'time_wait',
      params: { ms: 100 + (n % 7) * 50 },
      target: rightId,
    }))
    const { tasks: accepted } = await callTool<{ tasks: { task_id: string }[] }>(
      client,
      'p2p_taskqueue_submit',
      { tasks },
    )
    await net.cut('right')
    const cutAt = performance.now()
    await untilPeer('left to notice', client, peer => peer.peer_id === rightId && !peer.connected, 60_000)
    measured.row('noticed after', `${Math.round(performance.now() - cutAt)} ms`)
    await new Promise(resolve => setTimeout(resolve, Math.max(0, CUT_MS - (performance.now() - cutAt))))
    await net.heal('right')
    const healedAt = performance.now()
    await untilPeer('right again', client, peer => peer.peer_id === rightId && peer.connected, 120_000)
    measured.row('together again after', `${Math.round(performance.now() - healedAt)} ms`)
    let again = 0
    for (const { task_id } of accepted) {
      const ended = await callTool<{ state: string }>(client, 'p2p_taskqueue_get_result', {
        task_id,
        wait_ms: 50_000,
      })
      expect(ended.state).toBe('succeeded')
      const { attempts } = await callTool<Status>(client, 'p2p_taskqueue_task_status', { task_id })
      expect(attempts.filter(({ state }) => state === 'succeeded')).toHaveLength(1)
      expect(attempts.map(({ fence }) => fence)).toEqual(
        attempts.map(({ fence }) => fence).toSorted((a, b) => a - b),
      )
      if (attempts.length > 1) again += 1
    }
    measured.row('tasks that ran again', `${again} of ${TASKS}`)
    measured.row('all ended after', `${Math.round(performance.now() - healedAt)} ms`)
  } finally {
    measured.print()
    await close()
  }
})
