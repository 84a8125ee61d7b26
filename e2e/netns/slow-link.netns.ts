/** Two nodes with a slow and lossy link between them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { expect, test } from 'playwright/test'
import { Measured } from '../chaos/measured.ts'
import { callTool, ROOT } from '../node-process.ts'
import { clientInside, type PeerSeen, runTasks, startInside, untilPeer } from './inside.ts'
import { Namespaces, namespacesRefused } from './namespaces.ts'

const DENO = join(ROOT, 'node_modules/deno/deno')
const LINK = join(import.meta.dirname, 'slow-link.deno.ts')

/** Milliseconds each way, and the part of the packets that is lost, each way. */
const DELAY_MS = 50
const LOSS = 0.05

const LARGE = 4 * 1024 ** 2

interface Hash {
  result?: { digest: string }
}

test(`a link with ${2 * DELAY_MS} ms of delay that loses ${LOSS * 100} % of the packets: small tasks and large values pass`, async () => {
  const refused =
    (await namespacesRefused()) ??
    (existsSync('/dev/net/tun') ? undefined : 'there is no /dev/net/tun') ??
    (existsSync(DENO) ? undefined : 'Deno is not installed')
  test.skip(refused !== undefined, refused)
  const measured = new Measured(`slow link: ${2 * DELAY_MS} ms round trip, ${LOSS * 100} % lost each way`)
  const spaces = new Namespaces()
  const closing: (() => Promise<unknown>)[] = [() => spaces.remove()]
  try {
    const link = await slowLink(spaces)
    closing.push(async () => {
      link.kill()
      await once(link, 'exit')
    })
    const owner = await startInside(spaces, 'here', ['--p2p.listen', '/ip4/0.0.0.0/tcp/4001'])
    closing.push(() => owner.stop())
    const ownerId = owner.joinUrl.split('.').at(-1) ?? ''
    const worker = await startInside(spaces, 'there', [
      ...['--p2p.join', owner.joinUrl, '--workers.max', '4'],
      ...['--p2p.bootstrap', `/ip4/10.9.0.1/tcp/4001/p2p/${ownerId}`],
    ])
    closing.push(() => worker.stop())
    const workerId = worker.joinUrl.split('.').at(-1) ?? ''
    const client = await clientInside(spaces, 'here', owner)
    closing.push(() => client.close())
    const isAtWork = (peer: PeerSeen) => peer.peer_id === workerId && peer.connected && peer.credits > 0
    const { peer, ms } = await untilPeer('the worker', client, isAtWork, 90_000)
    measured.row('together after', `${ms} ms`)
    expect(peer.rtt_ms ?? 0).toBeGreaterThan(DELAY_MS)
    measured.row('200 small tasks', `${await runTasks(client, workerId, 200)} ms`)
    measured.row(
      `a task with ${LARGE / 1024 ** 2} MiB of parameters`,
      `${await runLarge(client, workerId)} ms`,
    )
  } finally {
    measured.print()
    for (const end of closing.splice(0).reverse()) await end()
  }
})

/** Milliseconds; its parameters travel as a blob. */
async function runLarge(client: Client, target: string): Promise<number> {
  const began = performance.now()
  const { tasks } = await callTool<{ tasks: { task_id: string }[] }>(client, 'p2p_taskqueue_submit', {
    tool: 'crypto_hash',
    params: { text: 'x'.repeat(LARGE) },
    target,
  })
  const ended = await callTool<Hash>(client, 'p2p_taskqueue_get_result', {
    task_id: tasks[0]?.task_id,
    wait_ms: 50_000,
  })
  expect(ended.result?.digest).toBe(createHash('sha256').update('x'.repeat(LARGE)).digest('hex'))
  return Math.round(performance.now() - began)
}

/** The two namespaces with their device; the link that is the only way between them. */
async function slowLink(spaces: Namespaces): Promise<ChildProcess> {
  const [here, there] = [await spaces.add('here'), await spaces.add('there')]
  const link = spawn(DENO, ['run', '-A', LINK, here, there, String(DELAY_MS), String(LOSS), '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(link.stdout, 'data')
  for (const [role, own, other] of [
    ['here', '10.9.0.1', '10.9.0.2'],
    ['there', '10.9.0.2', '10.9.0.1'],
  ] as const) {
    await spaces.in(role, `ip addr add ${own} peer ${other} dev slow0`)
    await spaces.in(role, 'ip link set slow0 up')
  }
  return link
}
