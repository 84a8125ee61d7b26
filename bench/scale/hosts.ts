import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'

/** By which tasks are kept to these peers. */
export const HOST_LABEL = 'bench:host'

export interface HostProcesses {
  pids: number[]
  close(): Promise<void>
}

/** Starts libp2p hosts in some processes; resolves when the node has taken all of them as its workers. */
export async function startHosts(
  node: { peerId: string; address: string; secret: string },
  count: number,
  processes: number,
): Promise<HostProcesses> {
  const each = String(Math.ceil(count / processes))
  const args = [node.peerId, node.address, node.secret, each]
  const children = Array.from({ length: processes }, () =>
    fork(resolve(import.meta.dirname, 'hosts-process.ts'), args),
  )
  try {
    await Promise.all(children.map(joined))
  } catch (error) {
    await Promise.all(children.map(end))
    throw error
  }
  return {
    pids: children.flatMap(({ pid }) => (pid === undefined ? [] : [pid])),
    close: async () => void (await Promise.all(children.map(end))),
  }
}

async function joined(child: ChildProcess): Promise<void> {
  const [said] = await Promise.race([once(child, 'message'), once(child, 'exit')])
  if (said !== 'joined') throw new Error('a process of hosts ended before they had joined')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.disconnect()
  await ended
}
