import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts in ticks of 10 ms, whatever the kernel's own. */
const TICKS_PER_SECOND = 100

/** CPU seconds so far of this process and of a server with its children (0 where there is no /proc). */
export function cpuSeconds(serverPid: number | undefined): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6 + (serverPid === undefined ? 0 : serverSeconds(serverPid))
}

function serverSeconds(pid: number): number {
  if (process.platform !== 'linux') return 0
  let ticks = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = statOf(name)
    if (stat === undefined) continue
    if (Number(name) === pid) ticks += stat.own + stat.reaped
    else if (stat.parent === pid) ticks += stat.own
  }
  return ticks / TICKS_PER_SECOND
}

function statOf(pid: string): { parent: number; own: number; reaped: number } | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    // It ended since the folder was read.
    return undefined
  }
  // proc(5): state, ppid, … utime, stime, cutime, cstime; the name before them may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const field = (index: number): number => Number(fields[index])
  return { parent: field(1), own: field(11) + field(12), reaped: field(13) + field(14) }
}
