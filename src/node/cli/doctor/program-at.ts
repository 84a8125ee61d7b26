import { readdir, readFile, readlink } from 'node:fs/promises'

/** State of a listening socket in /proc/net/tcp. */
const LISTENING = '0A'

/**
 * The program that listens at a TCP port of this machine, as `nginx (process 812)`; undefined where that cannot be seen:
 * another system than Linux, another user's process. (proc(5))
 */
export async function programAt(port: number): Promise<string | undefined> {
  try {
    const inodes = new Set((await Promise.all(['tcp', 'tcp6'].map(table => listeners(table, port)))).flat())
    if (inodes.size === 0) return undefined
    for (const pid of await readdir('/proc')) {
      if (/^\d+$/.test(pid) && (await holds(pid, inodes))) {
        const [program = ''] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
        return `${program.split('/').at(-1)} (process ${pid})`
      }
    }
  } catch {
    // No such files here.
  }
  return undefined
}

/** Inodes of the sockets that listen at the port. */
async function listeners(table: string, port: number): Promise<string[]> {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const text = await readFile(`/proc/net/${table}`, 'utf8').catch(() => '')
  return text.split('\n').flatMap(line => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
    return state === LISTENING && local.endsWith(end) && inode !== undefined ? [inode] : []
  })
}

async function holds(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  const handles = await readdir(folder).catch(() => [])
  const targets = await Promise.all(handles.map(handle => readlink(`${folder}/${handle}`).catch(() => '')))
  return targets.some(target => inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? ''))
}
