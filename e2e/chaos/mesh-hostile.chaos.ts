/** A hostile peer beside a normal workload: what the others notice of it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { expect, test } from 'playwright/test'
import { z } from 'zod'
import { createInvite } from '../mesh-client.ts'
import { callTool, connectClient, type NodeProcess, startNode, until } from '../node-process.ts'
import { Measured } from './measured.ts'
import { expectEachCommittedOnce } from './verdict.ts'
import { loadFor, rowOf } from './workload.ts'

const LOAD_MS = 6_000
const toldSchema = z.object({
  connections: z.number(),
  refused: z.number(),
  ended: z.number(),
  sent: z.number(),
  reason: z.string(),
})

/** What it does, and what it is ended for; undefined where its connections are only refused. */
const ATTACKS: [kind: string, granted: boolean, ended: RegExp | undefined][] = [
  ['garbage', false, /bad_frame|frame_too_large|bytes of a peer|a frame/],
  ['small messages', false, /rate_limited: messages of a peer/],
  ['large messages', false, /rate_limited: bytes of a peer/],
  ['streams', false, undefined],
  ['connections', false, undefined],
  ['small messages with a grant', true, /credit and pings of a peer/],
  ['forged announcements with a grant', true, /[1-9]\d* answers say rate_limited/],
  ['asking and never reading, with a grant', true, undefined],
]

test('a hostile peer floods: it is ended, and the others keep working', async () => {
  const measured = new Measured('mesh-hostile: a hostile peer beside a normal workload')
  const owner = await startNode({ args: ['--workers.max', '1'] })
  const client = await connectClient(owner)
  let worker: NodeProcess | undefined
  let attacker: ReturnType<typeof attack> | undefined
  try {
    const { url } = await createInvite(client)
    worker = await startNode({ args: ['--workers.max', '1', '--p2p.join', url] })
    await until('the worker to take work', async () => {
      const { peers } = await callTool<{ peers: { self: boolean; credits: number }[] }>(
        client,
        'p2p_peer_list',
      )
      return peers.some(peer => !peer.self && peer.credits > 0) ? true : undefined
    })
    const address = await tcpAddressOf(owner)
    const tasks = []
    await loadFor(owner, 'warm', 2_000)
    const alone = await loadFor(owner, 'alone', LOAD_MS)
    tasks.push(...alone.tasks)
    rowOf(measured, 'without an attacker', alone)
    measured.row('  the node’s memory', await residentOf(owner))

    for (const [kind, granted, ended] of ATTACKS) {
      const { secret } = granted ? await createInvite(client) : { secret: '' }
      const before = owner.output().length
      attacker = attack(kind, address, secret)
      const lines = createInterface(attacker.stdout)
      await once(lines, 'line')
      const told = once(lines, 'line')
      const beside = await loadFor(owner, kind, LOAD_MS)
      attacker.stdin.end()
      const { connections, refused, sent, reason } = toldSchema.parse(JSON.parse(String(await told)))
      tasks.push(...beside.tasks)
      rowOf(measured, `beside: ${kind}`, beside)
      measured.row('  the node’s memory', await residentOf(owner))
      measured.row(
        '  the attacker',
        `${sent} sent, ${connections} connections, ${refused} refused; ${reason}`,
      )
      measured.row('  of the tasks without it', `${Math.round((100 * beside.perSecond) / alone.perSecond)} %`)
      expect(beside.tasks.length, `tasks beside: ${kind}`).toBeGreaterThan(0)
      // One that does not read has no word of why.
      const logged = owner.output().slice(before)
      if (ended !== undefined) expect(`${reason}\n${logged}`, kind).toMatch(ended)
    }
    expect(owner.output()).toContain('a peer is left alone for a while')
    const { peers } = await callTool<{ peers: { self: boolean; connected: boolean }[] }>(
      client,
      'p2p_peer_list',
    )
    expect(
      peers.some(peer => !peer.self && peer.connected),
      'the worker is still there',
    ).toBe(true)
    await expectEachCommittedOnce(owner, tasks, measured, { others: await othersThan(client, tasks.length) })
  } finally {
    measured.print()
    attacker?.kill('SIGKILL')
    await client.close()
    await worker?.stop('SIGKILL')
    await owner.stop('SIGKILL')
  }
})

function attack(
  kind: string,
  address: string,
  secret: string,
): ChildProcessByStdio<Writable, Readable, null> {
  const program = join(import.meta.dirname, 'hostile-program.ts')
  return spawn(process.execPath, [program, kind, address, secret], { stdio: ['pipe', 'pipe', 'inherit'] })
}

/** Resident memory, where the system tells it. */
async function residentOf({ child }: NodeProcess): Promise<string> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(status) ?? []
  return kib === undefined ? 'unknown' : `${Math.round(Number(kib) / 1024)} MiB`
}

async function tcpAddressOf(node: NodeProcess): Promise<string> {
  const info = await (await fetch(new URL('/.well-known/toolmesh.json', node.origin))).json()
  const { multiaddrs } = z.object({ multiaddrs: z.array(z.string()) }).parse(info)
  const address = multiaddrs.find(text => /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//.test(text))
  if (address === undefined) throw new Error(`no TCP address in ${multiaddrs}`)
  return address
}

/** Tasks that the node has beside those that are looked at. */
async function othersThan(client: Awaited<ReturnType<typeof connectClient>>, count: number): Promise<number> {
  const { counts } = await callTool<{ counts: Record<string, number> }>(client, 'p2p_taskqueue_status')
  return Object.values(counts).reduce((sum, each) => sum + each, 0) - count
}
